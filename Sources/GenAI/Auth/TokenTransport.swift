internal import Curl

/// What a token server answered.
struct TokenResponse: Sendable {
    /// The host, for messages.
    let server: String
    let head: HTTPResponseHead
    let body: [UInt8]

    var status: Int { head.status }
    /// The server's own clock.
    var date: String? { head.header("date") }
}

/// Takes small requests to the servers that give out tokens, over the client's own connections.
struct TokenTransport: Sendable {
    /// Tokens come at once or not at all.
    static let patience = Duration.seconds(30)

    private let loop: TransferLoop
    private let options: HTTPOptions

    init(loop: TransferLoop, options: HTTPOptions) {
        self.loop = loop
        self.options = options
    }

    /// Posts a form.
    ///
    /// - Throws: ``GenAIError`` if no answer comes, or `CancellationError`.
    func post(_ fields: [(name: String, value: String)], to server: String) async throws -> TokenResponse {
        let form = fields.map { "\(formEncoded($0.name))=\(formEncoded($0.value))" }.joined(separator: "&")
        let headers = [("Content-Type", "application/x-www-form-urlencoded")]
        let limits = TransferLimits(
            connect: options.timeouts.connect,
            firstByte: Self.patience,
            idle: Self.patience,
            total: Self.patience
        )
        return try await send("POST", server, headers, Array(form.utf8), limits)
    }

    /// Gets a resource.
    ///
    /// - Throws: ``GenAIError`` if no answer comes, or `CancellationError`.
    func get(_ url: String, header: (String, String), limits: TransferLimits) async throws -> TokenResponse {
        try await send("GET", url, [header], nil, limits)
    }

    private func send(
        _ method: String,
        _ url: String,
        _ headers: [(String, String)],
        _ body: [UInt8]?,
        _ limits: TransferLimits
    ) async throws -> TokenResponse {
        let request: HTTPRequest
        do throws(CurlError) {
            request = HTTPRequest(
                method: method,
                url: url,
                headers: try (headers + [("User-Agent", options.userAgent)]).map { header throws(CurlError) in
                    try HTTPRequest.Header(header.0, header.1)
                },
                body: body,
                limits: limits,
                caFile: options.caFile,
                isOneOfMany: false
            )
        } catch {
            throw GenAIError(error)
        }
        return try await TokenReceiver(server: serverName(of: url)).receive(request, on: loop)
    }
}

/// Receives one small response on the network thread and wakes the waiting task at its end.
///
/// `@unchecked Sendable`: one transfer alone has it, which is handed to the network thread by the lock of the loop's inbox. Head,
/// body and error are touched only there until `finish`, and by the task only after its wait, whose lock hands them over; one that
/// is cancelled lasts until `finish` as well, unless nothing was started.
private final class TokenReceiver: TransferReceiver, @unchecked Sendable {
    /// Tokens have one or two kilobytes.
    private static let maximumBytes = 256 << 10

    private let server: String
    private var head = HTTPResponseHead(status: 0)
    private var body: [UInt8] = []
    private var error: CurlError?
    private let wait = TransferWait()

    init(server: String) {
        self.server = server
    }

    func receive(_ request: HTTPRequest, on loop: TransferLoop) async throws -> TokenResponse {
        try await wait.end(of: request, receiver: self, on: loop)
        guard let error else { return TokenResponse(server: server, head: head, body: body) }
        throw error.kind == .cancelled ? CancellationError() : GenAIError(error)
    }

    // MARK: On the network thread

    func receive(head: borrowing ArrivingHead) {
        self.head = head.copy()
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> ReceiveDecision {
        body.append(contentsOf: bytes)
        return body.count <= Self.maximumBytes ? .proceed : .abandon
    }

    func finish(_ end: TransferEnd) {
        error = end.error
        wait.finish()
    }
}

/// A text as HTML forms carry it: everything but letters, digits and `-._~` as `%XX`.
func formEncoded(_ text: String) -> String {
    let hex = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
            encoded.append(byte)
        default:
            encoded += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}

private func serverName(of url: String) -> String {
    String(url.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" })
}
