import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file with one JSON line per event, each written at once: what was received survives a kill.
final class Journal: Sendable {
    private let descriptor: Int32

    /// Opens a file for appending, and creates it if need be.
    ///
    /// - Throws: ``SimulatorError`` with the path and the system's message.
    init(path: String) throws(SimulatorError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw SimulatorError("cannot open the journal \(path): \(SystemCalls.message(errno))")
        }
    }

    deinit {
        close(descriptor)
    }

    func received(_ ticket: Ticket, model: String, text: String) {
        write { writer in
            writer.member("event", "received")
            writer.member("request", ticket.number)
            writer.member("item", StableHash.hex(ticket.item))
            writer.member("attempt", ticket.attempt)
            writer.member("model", model)
            writer.member("text", text)
        }
    }

    func ended(_ ticket: Ticket, status: Int, chunks: Int, outcome: Outcome) {
        write { writer in
            writer.member("event", "ended")
            writer.member("request", ticket.number)
            writer.member("item", StableHash.hex(ticket.item))
            writer.member("outcome", outcome.rawValue)
            writer.member("status", status)
            writer.member("chunks", chunks)
        }
    }

    private func write(_ members: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(reserving: 256)
        writer.object { writer in
            members(&writer)
            writer.member("timeMilliseconds", SystemCalls.unixMilliseconds())
        }
        let line = writer.bytes + [UInt8(ascii: "\n")]
        // One write with O_APPEND keeps lines of several threads apart. A full disk costs the test its journal, not
        // the client its answer.
        _ = line.withUnsafeBytes { Self.write(descriptor, $0) }
    }

    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
