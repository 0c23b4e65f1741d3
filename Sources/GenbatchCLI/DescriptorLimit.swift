internal import Curl

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// How many connections the process may have open.
enum DescriptorLimit {
    /// Files that will be open besides connections: the checkpoint and its log, twice while results are written, the quota
    /// ledger and its journal, input data, the output, and what pollers, timers and signals take; running out of those ends the process.
    private static let reserve = 34
    /// Descriptors are looked for up to this number: whoever has more open has a high limit too.
    private static let lookedAt: Int32 = 1024

    /// Raises the soft limit as far as it goes.
    ///
    /// - Parameter concurrency: Connections that are wanted.
    /// - Returns: Connections that can be had, at least 1.
    static func concurrency(atMost concurrency: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return concurrency }
        let taken = inherited() + reserve
        let wanted = rlim_t(concurrency + TransferLoop.descriptors(concurrency: concurrency) + taken)
        if limit.rlim_cur < wanted {
            limit.rlim_cur = min(max(wanted, limit.rlim_cur), limit.rlim_max)
            setrlimit(resource, &limit)
            getrlimit(resource, &limit)
        }
        guard limit.rlim_cur < wanted else { return concurrency }
        let left = Int(limit.rlim_cur) - taken
        return max(1, left - TransferLoop.descriptors(concurrency: left))
    }

    /// Files that may be open at once after the limit was raised as far as it goes.
    static var possible: Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return .max }
        return Int(clamping: limit.rlim_max)
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif

    /// How many files are open already, as those that the program was started with.
    private static func inherited() -> Int {
        (0..<lookedAt).count { fcntl($0, F_GETFD) != -1 }
    }
}
