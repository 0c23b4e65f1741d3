internal import CCurl

/// An option that takes a whole number.
struct LongOption: Sendable {
    let option: CURLoption

    static let bufferSize = LongOption(option: CURLOPT_BUFFERSIZE)
    static let connectTimeoutMilliseconds = LongOption(option: CURLOPT_CONNECTTIMEOUT_MS)
    static let httpVersion = LongOption(option: CURLOPT_HTTP_VERSION)
    static let noSignal = LongOption(option: CURLOPT_NOSIGNAL)
    static let pipeWait = LongOption(option: CURLOPT_PIPEWAIT)
    static let post = LongOption(option: CURLOPT_POST)
    static let suppressConnectHeaders = LongOption(option: CURLOPT_SUPPRESS_CONNECT_HEADERS)
    static let tcpKeepAlive = LongOption(option: CURLOPT_TCP_KEEPALIVE)
}

/// An option that takes a size in bytes.
struct OffsetOption: Sendable {
    let option: CURLoption

    static let postFieldSize = OffsetOption(option: CURLOPT_POSTFIELDSIZE_LARGE)
}

/// An option that takes a string, which libcurl copies.
struct StringOption: Sendable {
    let option: CURLoption

    static let acceptEncoding = StringOption(option: CURLOPT_ACCEPT_ENCODING)
    static let caFile = StringOption(option: CURLOPT_CAINFO)
    static let customMethod = StringOption(option: CURLOPT_CUSTOMREQUEST)
    static let protocols = StringOption(option: CURLOPT_PROTOCOLS_STR)
    static let proxy = StringOption(option: CURLOPT_PROXY)
    static let requestTarget = StringOption(option: CURLOPT_REQUEST_TARGET)
}

/// An option that takes a pointer, which must stay valid as long as the transfer.
struct PointerOption: Sendable {
    let option: CURLoption

    static let address = PointerOption(option: CURLOPT_CURLU)
    static let errorBuffer = PointerOption(option: CURLOPT_ERRORBUFFER)
    static let headerData = PointerOption(option: CURLOPT_HEADERDATA)
    static let postFields = PointerOption(option: CURLOPT_POSTFIELDS)
    static let requestData = PointerOption(option: CURLOPT_PREREQDATA)
    static let writeData = PointerOption(option: CURLOPT_WRITEDATA)
}

/// An option that takes a function that is handed bytes.
struct DataCallbackOption: Sendable {
    let option: CURLoption

    static let header = DataCallbackOption(option: CURLOPT_HEADERFUNCTION)
    static let write = DataCallbackOption(option: CURLOPT_WRITEFUNCTION)
}

/// A setting of the whole set of transfers that takes a whole number.
struct MultiLongOption: Sendable {
    let option: CURLMoption

    static let maximumHostConnections = MultiLongOption(option: CURLMOPT_MAX_HOST_CONNECTIONS)
    static let connectionCacheSize = MultiLongOption(option: CURLMOPT_MAXCONNECTS)
    static let multiplexing = MultiLongOption(option: CURLMOPT_PIPELINING)
}
