#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// How many connections the process may have open.
enum DescriptorLimit {
    /// Files that are open besides connections: the checkpoint, its log, outputs, input data, the poller.
    private static let reserve = 24

    /// Raises the soft limit as far as it goes.
    ///
    /// - Parameter concurrency: Connections that are wanted.
    /// - Returns: Connections that can be had, at least 1.
    static func concurrency(atMost concurrency: Int) -> Int {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return concurrency }
        let wanted = rlim_t(concurrency + reserve)
        if limit.rlim_cur < wanted {
            limit.rlim_cur = min(max(wanted, limit.rlim_cur), limit.rlim_max)
            setrlimit(resource, &limit)
            getrlimit(resource, &limit)
        }
        return limit.rlim_cur >= wanted ? concurrency : max(1, Int(limit.rlim_cur) - reserve)
    }
}
