internal import CCurl

/// Some of the connections of a ``TransferLoop``, and the transfers that run over them.
///
/// libcurl walks over all connections it has to find one that is free, and over them once more when a transfer has ended.
/// With ten thousand of them that takes more time than all of its other work (seen in profiles of libcurl 7.88), so they are
/// spread over several sets of it. Requests over TLS stay together in the first one: with HTTP/2 they share few connections,
/// and whether a server speaks it is not known before.
final class ConnectionGroup {
    /// As many transfers at once as are worth a set of their own.
    static let size = 512
    /// Those that a set of libcurl has open for itself.
    private static let descriptorsEach = 2

    /// Over how many groups connections are spread that are not shared.
    static func count(concurrency: Int) -> Int { (max(concurrency, 1) - 1) / size + 1 }

    /// What the groups take beside the connections.
    static func descriptors(concurrency: Int) -> Int { count(concurrency: concurrency) * descriptorsEach }

    let multi: MultiHandle
    /// When libcurl wants to be told that its timer ran out.
    private(set) var timerDeadline: Duration?
    private let watch: (_ descriptor: Int32, _ what: Int32) -> Void

    /// - Parameters:
    ///   - cacheSize: The most connections to keep.
    ///   - watch: Called when libcurl wants to know something else about a socket than before.
    /// - Throws: ``CurlError`` if libcurl is out of memory.
    init(cacheSize: Int, watch: @escaping (_ descriptor: Int32, _ what: Int32) -> Void) throws(CurlError) {
        self.watch = watch
        multi = try MultiHandle()
        try multi.set(.multiplexing, to: Int(CURLPIPE_MULTIPLEX))
        try multi.set(.connectionCacheSize, to: cacheSize)
        try multi.setCallbacks(
            socket: { _, descriptor, what, context, _ in
                guard let context else { return 0 }
                Unmanaged<ConnectionGroup>.fromOpaque(context).takeUnretainedValue().watch(descriptor, what)
                return 0
            },
            timer: { _, milliseconds, context in
                guard let context else { return 0 }
                let group = Unmanaged<ConnectionGroup>.fromOpaque(context).takeUnretainedValue()
                group.timerDeadline = milliseconds < 0 ? nil : monotonicNow() + .milliseconds(milliseconds)
                return 0
            },
            context: Unmanaged.passUnretained(self).toOpaque()
        )
    }

    deinit {
        // Cleaning up may touch idle connections.
        multi.removeCallbacks()
    }

    /// Tells libcurl that its timer ran out, if it did.
    func actOnTimer(now: Duration) {
        guard let deadline = timerDeadline, deadline <= now else { return }
        timerDeadline = nil
        multi.actOnTimer()
    }
}
