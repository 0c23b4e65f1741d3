/// Where and how requests travel.
public struct HTTPOptions: Sendable, Hashable {
    /// Another server than Google's; plain http only to loopback.
    ///
    /// `nil` takes `GOOGLE_GEMINI_BASE_URL`, or for Vertex AI `GOOGLE_VERTEX_BASE_URL`, else Google's own.
    public var baseURL: String?
    /// `nil` takes `GOOGLE_GENAI_API_VERSION`, else `v1beta`, or for Vertex AI `v1beta1`.
    ///
    /// These have every field and alias; `v1` has fewer.
    public var apiVersion: String?
    /// A PEM file of certificate authorities to trust instead of the system's.
    public var caFile: String?
    /// Requests that will be in flight at once: sizes the connection pool and, without TLS, the receive buffers.
    public var concurrency: Int
    /// The limits of every request of the client.
    public var timeouts: RequestTimeouts
    /// The most bytes of one event.
    ///
    /// Inline images are megabytes.
    public var maximumEventBytes: Int
    /// The most bytes of one answer, after decompression.
    public var maximumAnswerBytes: Int
    /// The value of the header `User-Agent`.
    public var userAgent: String

    /// Options; what is not given is as for Google's own servers.
    public init(
        baseURL: String? = nil,
        apiVersion: String? = nil,
        caFile: String? = nil,
        concurrency: Int = 100,
        timeouts: RequestTimeouts = RequestTimeouts(),
        maximumEventBytes: Int = 64 << 20,
        maximumAnswerBytes: Int = 256 << 20,
        userAgent: String = "genbatch"
    ) {
        self.baseURL = baseURL
        self.apiVersion = apiVersion
        self.caFile = caFile
        self.concurrency = concurrency
        self.timeouts = timeouts
        self.maximumEventBytes = maximumEventBytes
        self.maximumAnswerBytes = maximumAnswerBytes
        self.userAgent = userAgent
    }
}

/// Four limits, because a hung connection would hang for ever without them (protocol, section 3).
public struct RequestTimeouts: Sendable, Hashable {
    /// Until there is a connection, the TLS handshake included.
    public var connect: Duration
    /// From sending to the first byte of the answer; thinking models are silent for minutes.
    public var firstChunk: Duration
    /// Silence between two pieces of the answer.
    public var idle: Duration
    /// From sending to the end of the answer.
    public var total: Duration

    /// Limits; what is not given is as for models that think for long.
    public init(
        connect: Duration = .seconds(10),
        firstChunk: Duration = .seconds(300),
        idle: Duration = .seconds(60),
        total: Duration = .seconds(900)
    ) {
        self.connect = connect
        self.firstChunk = firstChunk
        self.idle = idle
        self.total = total
    }
}
