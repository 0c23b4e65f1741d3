/// One HTTP request, complete.
package struct HTTPRequest: Sendable {
    package struct Header: Sendable, Equatable {
        package let name: String
        package let value: String

        /// - Throws: ``CurlError`` of kind `setup` if the value would break out of its line; the value is not shown.
        package init(_ name: String, _ value: String) throws(CurlError) {
            guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
                throw CurlError(
                    .setup,
                    operation: "set the header \(name)",
                    message: "its value contains a line break or another control character"
                )
            }
            self.name = name
            self.value = value
        }
    }

    package var method: String
    package var url: String
    package var headers: [Header]
    package var body: [UInt8]?
    package var limits: TransferLimits
    /// A PEM file of certificate authorities to trust instead of the system's.
    package var caFile: String?
    /// Whether the request is one of many to the same server; others say nothing about that server's connections.
    package var isOneOfMany: Bool

    package init(
        method: String = "GET",
        url: String,
        headers: [Header] = [],
        body: [UInt8]? = nil,
        limits: TransferLimits = TransferLimits(),
        caFile: String? = nil,
        isOneOfMany: Bool = true
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
        self.caFile = caFile
        self.isOneOfMany = isOneOfMany
    }

    /// The name of the server, without its port.
    var host: Substring {
        let authority = url.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" }
        return authority.hasPrefix("[") ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
    }

    /// What is tried, for messages: without the query, which may hold secrets.
    package var operation: String {
        "\(method) \(url.prefix { $0 != "?" })"
    }
}

/// How long each stretch of a transfer may take; anything above 11 days counts as that.
package struct TransferLimits: Sendable, Equatable {
    package var connect: Duration
    /// From sending to the first byte of the body; waiting for a connection does not count.
    package var firstByte: Duration
    /// Silence between two pieces of the body; does not run while the receiver has paused the transfer.
    package var idle: Duration
    package var total: Duration

    package init(
        connect: Duration = .seconds(10),
        firstByte: Duration = .seconds(300),
        idle: Duration = .seconds(60),
        total: Duration = .seconds(900)
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
        self.total = total
    }
}
