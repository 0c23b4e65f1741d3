import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Ends this process when the one that started it is gone, however that happened.
enum ParentWatch {
    private static let interval: Int32 = 500

    /// Watches standard input, which the parent holds open, and the identity of the parent.
    ///
    /// Standard input alone would do, were it not that another child of the same parent may have inherited its
    /// writing end.
    static func start() {
        let parent = getppid()
        // A queue of its own: the loop below never returns.
        DispatchQueue(label: "parent-watch").async {
            var ignored = [UInt8](repeating: 0, count: 4096)
            while getppid() == parent {
                var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
                guard poll(&input, 1, interval) > 0 else { continue }
                if read(STDIN_FILENO, &ignored, ignored.count) == 0 { break }
            }
            exit(0)
        }
    }
}
