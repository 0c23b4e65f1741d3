import Glibc
import Testing

/// Has the process keep more files open than systems allow by themselves: of each connection both ends are here.
func allowDescriptors(_ count: Int) throws {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    getrlimit(resource, &limit)
    limit.rlim_cur = max(limit.rlim_cur, min(rlim_t(count), limit.rlim_max))
    setrlimit(resource, &limit)
    try #require(limit.rlim_cur >= rlim_t(count), "\(count) descriptors are needed (`ulimit -Hn`)")
}
