internal import CCurl

/// The status of a response, and its headers where libcurl keeps them: most of them nobody asks for.
///
/// Valid while its receiver is told of it, on the thread of the loop.
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
        // Which ends with a zero, as libcurl wants it.
        let code = name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) { name in
            curl_easy_header(easy, name, 0, Self.origin, Self.lastRequest, &header)
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
        return text.allSatisfy(\.isWhitespace) ? "" : text
    }

    /// Not those of interim responses, of a proxy or after the body.
    private static let origin = UInt32(CURLH_HEADER)
    private static let lastRequest: Int32 = -1
}
