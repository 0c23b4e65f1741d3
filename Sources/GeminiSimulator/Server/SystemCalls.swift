#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The few things the simulator asks of the operating system itself.
enum SystemCalls {
    static func message(_ code: Int32) -> String {
        String(cString: strerror(code))
    }

    static func unixMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The time some hours from now as RFC 3339 writes it, in UTC.
    static func timestamp(hoursFromNow hours: Int = 0) -> String {
        var seconds = time_t(unixMilliseconds() / 1000) + hours * 3600
        var time = tm()
        gmtime_r(&seconds, &time)
        func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(time.tm_year + 1900)-\(padded(time.tm_mon + 1))-\(padded(time.tm_mday))"
            + "T\(padded(time.tm_hour)):\(padded(time.tm_min)):\(padded(time.tm_sec))Z"
    }

    /// The value of `SO_LINGER`, laid out as C's `struct linger`.
    ///
    /// The C type itself is imported by two modules, and in optimised builds the compiler takes the wrong one.
    struct Linger: Sendable {
        var isOn: Int32
        var seconds: Int32
    }

    /// Raises the limit of open files to what the system allows: each stream needs one.
    static func raiseOpenFileLimit() {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        // When this fails the limit stays what it was, and a later accept says so.
        _ = setrlimit(resource, &limit)
    }
}
