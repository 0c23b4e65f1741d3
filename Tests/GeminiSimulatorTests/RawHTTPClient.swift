import GeminiSimulator
import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A response as it came over the wire.
struct RawResponse {
    /// How the bytes ended.
    enum Ending: Equatable {
        /// As its own length or chunking promised.
        case complete
        /// The connection was closed before.
        case closed
        /// The connection was reset before.
        case reset
    }

    var status = 0
    var headers: [(name: String, value: String)] = []
    /// The payloads of the chunks, or the whole body as one.
    var chunks: [[UInt8]] = []
    var ending = Ending.complete

    var body: [UInt8] { Array(chunks.joined()) }
    var text: String { String(decoding: body, as: UTF8.self) }

    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    func json() throws -> JSONValue {
        try JSONValue(parsing: body)
    }

    /// The documents of the events, read as the standard says.
    func events() throws -> [JSONValue] {
        try EventLines.data(in: body).filter { $0 != "[DONE]" }.map { try JSONValue(parsing: $0) }
    }

    /// The text of the answer in the events.
    func streamedText() throws -> String {
        try events().map(\.answerText).joined()
    }
}

extension JSONValue {
    subscript(index: Int) -> JSONValue? {
        array.flatMap { $0.indices.contains(index) ? $0[index] : nil }
    }

    /// The text of the first candidate, thoughts left out.
    var answerText: String {
        let parts = self["candidates"]?[0]?["content"]?["parts"]?.array ?? []
        return parts.filter { $0["thought"]?.bool != true }.compactMap { $0["text"]?.string }.joined()
    }

    var finishReason: String? { self["candidates"]?[0]?["finishReason"]?.string }
}

/// A reader of event streams in the words of the standard, as the oracle for odd framing.
enum EventLines {
    static func data(in body: [UInt8]) -> [String] {
        var bytes = body[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        var events: [String] = []
        var data: [String] = []
        for line in lines(bytes) {
            if line.isEmpty {
                if !data.isEmpty { events.append(data.joined(separator: "\n")) }
                data = []
            } else if line.hasPrefix("data:") {
                let value = line.dropFirst(5)
                data.append(String(value.hasPrefix(" ") ? value.dropFirst() : value))
            }
        }
        // An unfinished event that holds a document counts.
        if !data.isEmpty { events.append(data.joined(separator: "\n")) }
        return events
    }

    private static func lines(_ bytes: ArraySlice<UInt8>) -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == 0x0A, previous == 0x0D {
                // The second half of a line end.
            } else if byte == 0x0A || byte == 0x0D {
                lines.append(String(decoding: line, as: UTF8.self))
                line = []
            } else {
                line.append(byte)
            }
            previous = byte
        }
        if !line.isEmpty { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }
}

/// One connection to the simulator, with nothing between the test and the bytes.
final class RawConnection {
    struct Failure: Error {
        let call: String
        let code: Int32
    }

    let descriptor: Int32
    private var buffer: [UInt8] = []
    private var end: RawResponse.Ending?

    init(port: Int) throws {
        descriptor = Self.streamSocket()
        guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(call: "connect", code: errno) }
    }

    deinit {
        close(descriptor)
    }

    private static func streamSocket() -> Int32 {
        #if canImport(Glibc)
            socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(call: "write", code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads the head of a response, and leaves the body for later.
    func readHead() throws -> RawResponse {
        var response = RawResponse()
        while true {
            let line = try readLine()
            if line.isEmpty { return response }
            if line.hasPrefix("HTTP/1.") {
                response.status = Int(line.split(separator: " ")[1]) ?? 0
            } else if let colon = line.firstIndex(of: ":") {
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                response.headers.append((line[..<colon].lowercased(), String(value)))
            }
        }
    }

    /// Reads a whole response, however it ends.
    func readResponse() throws -> RawResponse {
        var response = try readHead()
        if let length = response.header("content-length").flatMap({ Int($0) }) {
            let body = takeUp(to: length)
            response.chunks = [body]
            response.ending = body.count == length ? .complete : end ?? .closed
            return response
        }
        while let chunk = try readChunk() {
            response.chunks.append(chunk)
            if chunk.isEmpty { break }
        }
        response.ending = response.chunks.last?.isEmpty == true ? .complete : end ?? .closed
        response.chunks.removeAll(where: \.isEmpty)
        return response
    }

    /// Reads one chunk of a body; an empty one is the last, `nil` means that the connection ended.
    func readChunk() throws -> [UInt8]? {
        guard let line = try? readLine(), let size = Int(line, radix: 16) else { return nil }
        let chunk = takeUp(to: size + 2)
        return chunk.count == size + 2 ? Array(chunk.dropLast(2)) : nil
    }

    private func readLine() throws -> String {
        while true {
            if let index = buffer.firstIndex(of: 0x0A) {
                let line = buffer[..<index]
                buffer.removeSubrange(...index)
                return String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
            }
            guard fill() else { throw Failure(call: "read", code: errno) }
        }
    }

    /// Takes as many bytes as there come, up to a count.
    private func takeUp(to count: Int) -> [UInt8] {
        while buffer.count < count, fill() {}
        let taken = Array(buffer.prefix(count))
        buffer.removeFirst(taken.count)
        return taken
    }

    private func fill() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else {
            end = count < 0 && errno == ECONNRESET ? .reset : .closed
            return false
        }
        buffer += bytes[..<count]
        return true
    }
}
