#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Facts of the machine.
enum System {
    /// Unix time in milliseconds; for records, never for measuring.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    static var processID: Int32 { getpid() }

    static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        // The last byte stays 0: a longer name is cut without an end.
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return name.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? "localhost"
        }
    }
}
