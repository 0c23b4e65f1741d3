internal import CCurl
internal import Synchronization

/// An easy handle with the settings that many requests share, so that the next one sets only what differs.
///
/// Making and configuring a handle costs more than all the rest of a short transfer.
///
/// `@unchecked Sendable`: it belongs to one transfer at a time, or to the pool, whose lock hands it on. A transfer gives it
/// back after libcurl's loop has let go of it, and does not touch it from then on.
final class PreparedHandle: @unchecked Sendable {
    /// What the handle was configured for.
    struct Route: Equatable {
        let method: String
        let headers: [HTTPRequest.Header]
        let caFile: String?
        let connect: Duration
        let hasBody: Bool
        let isTLS: Bool

        init(_ request: borrowing HTTPRequest, connect: Duration) {
            method = request.method
            headers = request.headers
            caFile = request.caFile
            self.connect = connect
            hasBody = request.body != nil
            isTLS = request.url.hasPrefix("https:")
        }
    }

    var easy: EasyHandle
    let route: Route
    /// `nil` if its connections are shared.
    private let place: GroupPlaces.Place?

    /// - Parameters:
    ///   - route: What to configure it for.
    ///   - place: Its place in a group; `nil` for one whose connections are shared.
    ///   - bufferBytes: The most to receive at once, without TLS.
    /// - Throws: ``CurlError`` of kind `setup`.
    init(_ route: Route, place: GroupPlaces.Place?, bufferBytes: Int) throws(CurlError) {
        self.route = route
        self.place = place
        easy = try EasyHandle()
        try easy.keepErrorDetail()
        try Transfer.setCallbacks(of: easy)
        try easy.set(.protocols, to: "http,https")
        try easy.set(.noSignal, to: 1)
        try easy.set(.tcpKeepAlive, to: 1)
        // An empty list means every encoding that this libcurl can undo; what is asked for is among the headers.
        try easy.set(.acceptEncoding, to: "")
        try easy.set(.connectTimeoutMilliseconds, to: max(1, route.connect.wholeMilliseconds))
        if route.isTLS {
            try easy.set(.httpVersion, to: CURL_HTTP_VERSION_2TLS)
            // Wait for a connection that can be shared instead of opening one for each transfer.
            try easy.set(.pipeWait, to: 1)
            try easy.set(.suppressConnectHeaders, to: 1)
        } else {
            try easy.set(.httpVersion, to: CURL_HTTP_VERSION_1_1)
            // Not with TLS, and so HTTP/2: a frame that does not fit holds up the whole connection.
            try easy.set(.bufferSize, to: bufferBytes)
            // Plain http is for this machine; a proxy of the environment would be shown everything, the key included.
            try easy.set(.proxy, to: "")
        }
        if let caFile = route.caFile {
            try easy.set(.caFile, to: caFile)
        }
        if route.hasBody {
            try easy.set(.post, to: 1)
        }
        if route.method != (route.hasBody ? "POST" : "GET") {
            try easy.set(.customMethod, to: route.method)
        }
        // Without the empty `Expect`, libcurl would hold back large bodies for up to a second. Headers that it makes up by itself
        // it writes twice, letter by letter, for every request.
        let common = ["Accept-Encoding: gzip", "Expect:"]
        try easy.setHeaders(route.headers.map { "\($0.name): \($0.value)" } + common)
    }
}

extension PreparedHandle {
    /// Which ``ConnectionGroup`` its transfers belong to: always the same one, so that each finds the connection of the one
    /// before it.
    var group: Int { place?.group ?? 0 }
}

/// Handles that wait for their next request.
final class HandlePool: Sendable {
    /// What the receive buffers of all transfers may take up together, unless that leaves too little for each: of thousands of
    /// slow streams each brings little at a time, and libcurl keeps a buffer for every one of them.
    private static let allBuffers = 8 << 20
    /// For one transfer: a chunk as most are, and no less than libcurl takes; its own choice.
    private static let bufferSizes = 1 << 10...16 << 10

    private let capacity: Int
    private let bufferBytes: Int
    private let places: GroupPlaces
    private let idle = Mutex<[PreparedHandle]>([])

    /// - Parameter capacity: The most handles to keep: as many as there will be transfers at once.
    init(capacity: Int) {
        self.capacity = capacity
        places = GroupPlaces(concurrency: capacity)
        let share = Self.allBuffers / max(capacity, 1)
        bufferBytes = min(max(share, Self.bufferSizes.lowerBound), Self.bufferSizes.upperBound)
    }

    func take(_ route: PreparedHandle.Route) throws(CurlError) -> PreparedHandle {
        let known = idle.withLock { idle in
            // Nearly all requests of a client share their route; handles of another one are let go.
            while let handle = idle.popLast() {
                if handle.route == route { return handle as PreparedHandle? }
            }
            return nil
        }
        if let known { return known }
        return try PreparedHandle(route, place: route.isTLS ? nil : places.take(), bufferBytes: bufferBytes)
    }

    func giveBack(_ handle: PreparedHandle) {
        handle.easy.releaseBody()
        idle.withLock { idle in
            if idle.count < capacity {
                idle.append(handle)
            }
        }
    }
}
