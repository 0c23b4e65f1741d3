#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The status and the headers of a response.
package struct HTTPResponseHead: Sendable, Equatable {
    package var status: Int
    /// The header lines as they came, each with its line end: most responses are never asked for one.
    private var lines: [UInt8] = []

    /// More than Google's servers send.
    private static let usualBytes = 1024

    package init(status: Int) {
        self.status = status
    }

    /// All headers in the order they came, names in lower case.
    package var headers: [(name: String, value: String)] {
        lines.split(separator: 0x0A).compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            return (Self.text(line[..<colon]).lowercased(), Self.text(line[(colon + 1)...]))
        }
    }

    /// The first header of a name, given in lower case.
    ///
    /// Asked for with every answer, and mostly in vain: the lines are compared where they are.
    package func header(_ name: StaticString) -> String? {
        name.withUTF8Buffer { name in
            lines.withUnsafeBytes { lines in
                var start = 0
                while let end = Self.lineEnd(in: lines, from: start) {
                    if Self.begins(lines[start..<end], with: name) {
                        return Self.text(lines[(start + name.count + 1)..<end])
                    }
                    start = end + 1
                }
                return nil
            }
        }
    }

    private static func lineEnd(in lines: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < lines.count, let base = lines.baseAddress else { return nil }
        return memchr(base + start, 0x0A, lines.count - start).map { UnsafeRawPointer($0) - base }
    }

    /// Whether a line has a name and a colon at its beginning.
    private static func begins(_ line: Slice<UnsafeRawBufferPointer>, with name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard line.count > name.count, line[line.startIndex + name.count] == UInt8(ascii: ":") else { return false }
        return zip(line, name).allSatisfy { $0 == $1 || $0 | 0x20 == $1 && $0 >= 0x41 && $0 <= 0x5A }
    }

    /// Bytes as text without the blanks around it.
    private static func text(_ bytes: some BidirectionalCollection<UInt8>) -> String {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        let start = bytes.drop(while: isBlank)
        let end = start.lastIndex { !isBlank($0) }.map(start.index(after:)) ?? start.startIndex
        return String(decoding: start[..<end], as: UTF8.self)
    }
}

extension HTTPResponseHead {
    /// Adds one line as libcurl hands it over, line end included.
    ///
    /// A new status line, as after `100 Continue`, begins again.
    mutating func append(line: UnsafeRawBufferPointer) {
        if line.first == UInt8(ascii: "H"), line.starts(with: "HTTP/".utf8) {
            lines.removeAll(keepingCapacity: true)
            lines.reserveCapacity(Self.usualBytes)
            status = Self.status(in: line)
        } else {
            lines.append(contentsOf: line)
        }
    }

    /// The number after the first blank of `HTTP/1.1 200 OK`.
    private static func status(in line: UnsafeRawBufferPointer) -> Int {
        let digits = line.drop { $0 != 0x20 }.dropFirst().prefix { $0 >= 0x30 && $0 <= 0x39 }
        return digits.prefix(3).reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
