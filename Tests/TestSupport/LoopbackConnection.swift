internal import Glibc
internal import Synchronization

/// One client's connection as a server script sees it: bytes out exactly as told, and every way of going away.
///
/// Calls block the thread of the connection. Writing to a client that has left does nothing.
package final class LoopbackConnection: Sendable {
    /// Counted from 0 in the order of acceptance.
    package let number: Int
    private let descriptor: Int32
    private let isOpen = Mutex(true)
    private let hasClientLeft = Mutex(false)

    init(descriptor: Int32, number: Int) {
        self.descriptor = descriptor
        self.number = number
        // Each write leaves at once, so that the borders of a script's pieces are real.
        Self.set(IPPROTO_TCP, TCP_NODELAY, 1, on: descriptor)
        // A client that does not read holds the script up soon.
        Self.set(Int(SOL_SOCKET), SO_SNDBUF, 64 << 10, on: descriptor)
    }

    // MARK: For scripts

    /// Whether the last write went out; a script that writes without end asks it.
    package var isClientThere: Bool { !hasClientLeft.withLock { $0 } }

    package func send(_ text: String) {
        send(Array(text.utf8))
    }

    package func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { sendSome($0, flags: 0) }
            guard count > 0 else {
                hasClientLeft.withLock { $0 = true }
                return
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Writes as much as goes out without waiting.
    ///
    /// - Returns: The bytes taken; fewer than given if the client does not read.
    package func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { sendSome($0, flags: Int32(MSG_DONTWAIT)) }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        return bytes.count - rest.count
    }

    /// Writes a status line and headers.
    package func sendHead(_ status: Int = 200, _ headers: [(String, String)] = [("Transfer-Encoding", "chunked")]) {
        send("HTTP/1.1 \(status) Status\r\n" + headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n")
    }

    /// Writes one piece of a chunked body.
    package func sendChunk(_ text: String) {
        sendChunk(Array(text.utf8))
    }

    package func sendChunk(_ bytes: [UInt8]) {
        send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
    }

    /// Ends a chunked body.
    package func sendEnd() {
        send("0\r\n\r\n")
    }

    /// Writes a whole response with its length.
    package func respond(_ status: Int = 200, _ headers: [(String, String)] = [], _ body: [UInt8]) {
        sendHead(status, headers + [("Content-Length", "\(body.count)")])
        send(body)
    }

    package func respond(_ status: Int = 200, _ headers: [(String, String)] = [], _ body: String) {
        respond(status, headers, Array(body.utf8))
    }

    /// Reads whatever comes next; `nil` when the client has left.
    package func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        guard let count = receive(into: &buffer), count > 0 else { return nil }
        return Array(buffer[..<count])
    }

    /// Stalls until the client closes the connection, or the server does.
    package func waitForClose() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while let count = receive(into: &buffer), count > 0 {}
    }

    /// Closes with a FIN after everything sent.
    ///
    /// - Returns: Whether it was still open.
    @discardableResult
    package func close() -> Bool {
        isOpen.withLock { isOpen in
            guard isOpen else { return false }
            isOpen = false
            Self.closeDescriptor(descriptor)
            return true
        }
    }

    /// Closes with a RST, as a crashed server or an impatient router does.
    package func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    // MARK: For the server

    /// Ends reads and writes that other threads block in; the descriptor stays until ``close()``.
    package func interrupt() {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            _ = shutdown(descriptor, Int32(SHUT_RDWR))
        }
    }

    /// Reads some bytes; 0 or `nil` when the client has left.
    func receive(into buffer: inout [UInt8]) -> Int? {
        guard isOpen.withLock({ $0 }) else { return nil }
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : count
    }

    private func sendSome(_ bytes: UnsafeRawBufferPointer, flags: Int32) -> Int {
        guard isOpen.withLock({ $0 }) else { return -1 }
        return Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags | Int32(MSG_NOSIGNAL))
    }

    private static func set(_ level: Int, _ option: Int32, _ value: Int32, on descriptor: Int32) {
        var value = value
        setsockopt(descriptor, Int32(level), option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func closeDescriptor(_ descriptor: Int32) {
        _ = Glibc.close(descriptor)
    }
}
