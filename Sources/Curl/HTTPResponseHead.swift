/// The status and the headers of a response.
package struct HTTPResponseHead: Sendable, Equatable {
    package var status: Int
    /// In the order they came, names in lower case.
    package var headers: [(name: String, value: String)]

    package init(status: Int, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = headers
    }

    /// The first header of a name, given in lower case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    package static func == (left: HTTPResponseHead, right: HTTPResponseHead) -> Bool {
        left.status == right.status && left.headers.elementsEqual(right.headers) { $0 == $1 }
    }
}

extension HTTPResponseHead {
    /// Adds one line as libcurl hands it over, line end included.
    ///
    /// A new status line, as after `100 Continue`, begins again.
    mutating func append(line bytes: UnsafeRawBufferPointer) {
        var line = bytes[...]
        while let last = line.last, last == 0x0A || last == 0x0D {
            line.removeLast()
        }
        if line.starts(with: "HTTP/".utf8) {
            headers.removeAll()
            status = Self.status(in: line)
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            var value = line[(colon + 1)...]
            while let first = value.first, first == 0x20 || first == 0x09 {
                value.removeFirst()
            }
            while let last = value.last, last == 0x20 || last == 0x09 {
                value.removeLast()
            }
            headers.append((name, String(decoding: value, as: UTF8.self)))
        }
    }

    private static func status(in line: UnsafeRawBufferPointer.SubSequence) -> Int {
        let words = line.split(separator: 0x20, maxSplits: 2)
        return words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
    }
}
