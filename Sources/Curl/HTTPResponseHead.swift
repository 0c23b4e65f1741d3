internal import CCurl

/// The status of a response, and its headers where libcurl keeps them: most of them nobody asks for.
package struct ArrivingHead: ~Copyable {
    package let status: Int
    private let easy: UnsafeMutableRawPointer

    /// - Parameters:
    ///   - status: The code of the status line.
    ///   - easy: The transfer, whose last header has come.
    init(status: Int, of easy: UnsafeMutableRawPointer) {
        self.status = status
        self.easy = easy
    }

    /// The first header of a name, which may be written in any case.
    package func header(_ name: StaticString) -> String? {
        var header: UnsafeMutablePointer<curl_header>?
        let code = name.withUTF8Buffer { name in
            name.withMemoryRebound(to: CChar.self) { name in
                curl_easy_header(easy, name.baseAddress, 0, Self.origin, Self.lastRequest, &header)
            }
        }
        guard code == CURLHE_OK, let header else { return nil }
        return Self.value(of: header)
    }

    /// The whole of it, to be kept.
    package func copy() -> HTTPResponseHead {
        var headers: [HTTPResponseHead.Header] = []
        var last: UnsafeMutablePointer<curl_header>?
        while let next = curl_easy_nextheader(easy, Self.origin, Self.lastRequest, last) {
            headers.append((String(cString: next.pointee.name).lowercased(), Self.value(of: next)))
            last = next
        }
        return HTTPResponseHead(status: status, headers: headers)
    }

    private static func value(of header: UnsafePointer<curl_header>) -> String {
        let text = String(cString: header.pointee.value)
        // Of an empty value libcurl leaves the line end.
        return text == "\r\n" || text == "\r" ? "" : text
    }

    /// Not those of interim responses, of a proxy or after the body.
    private static let origin = UInt32(CURLH_HEADER)
    private static let lastRequest: Int32 = -1
}

/// The status and the headers of a response.
package struct HTTPResponseHead: Sendable {
    package typealias Header = (name: String, value: String)

    package let status: Int
    /// All headers in the order they came, names in lower case.
    package let headers: [Header]

    package init(status: Int, headers: [Header] = []) {
        self.status = status
        self.headers = headers
    }

    /// The first header of a name, given in lower case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}
