internal import CCurl

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The settings and the state of one transfer, used by one thread at a time: by whoever prepares the transfer, and once it is
/// started by that of its ``TransferLoop``.
struct EasyHandle: ~Copyable {
    private static let outOfMemory = CurlError(
        .setup,
        operation: "create a transfer",
        message: "libcurl is out of memory"
    )

    let pointer: UnsafeMutableRawPointer
    private let errorBuffer: UnsafeMutablePointer<CChar>
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var body: UnsafeMutableRawBufferPointer?
    /// The address of the transfer in libcurl's own form.
    private let address: OpaquePointer
    /// What ``address`` was made of.
    private var url = ""

    init() throws(CurlError) {
        guard let pointer = curl_easy_init() else { throw Self.outOfMemory }
        guard let address = curl_url() else {
            curl_easy_cleanup(pointer)
            throw Self.outOfMemory
        }
        let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        self.pointer = pointer
        self.address = address
        self.errorBuffer = errorBuffer
        headers = nil
        body = nil
    }

    deinit {
        curl_easy_cleanup(pointer)
        curl_url_cleanup(address)
        curl_slist_free_all(headers)
        errorBuffer.deallocate()
        body?.deallocate()
    }

    func set(_ option: LongOption, to value: Int) throws(CurlError) {
        try CurlError.check(gb_easy_set_long(pointer, option.option, value), "set \(option)")
    }

    func set(_ option: OffsetOption, to value: Int) throws(CurlError) {
        try CurlError.check(gb_easy_set_offset(pointer, option.option, curl_off_t(value)), "set \(option)")
    }

    func set(_ option: StringOption, to value: String) throws(CurlError) {
        try CurlError.check(gb_easy_set_string(pointer, option.option, value), "set \(option)")
    }

    /// Says where the transfers go from here on.
    ///
    /// Of an address as text libcurl takes the parts, and writes it out again, for every transfer; of one that it is handed
    /// in parts it only takes a copy, and most transfers of a handle go to the same one. Path and query it would still write
    /// letter by letter, so they are told apart, as the target of the request, which it copies.
    ///
    /// - Parameters:
    ///   - url: The address.
    ///   - operation: What is tried, for the error.
    /// - Throws: ``CurlError`` of kind `setup` if the address is none, or memory is missing; the next one is set anew then.
    private mutating func setURL(_ url: String, for operation: @autoclosure () -> String) throws(CurlError) {
        // As libcurl reads them: strings are equal, too, whose letters are composed in other ways.
        guard url.withCString({ new in self.url.withCString { strcmp(new, $0) } }) != 0 else { return }
        self.url = ""
        func check(_ code: CURLUcode) throws(CurlError) {
            guard code != CURLUE_OK else { return }
            let detail = String(cString: curl_url_strerror(code))
            throw CurlError(CURLE_URL_MALFORMAT, operation: operation(), detail: detail)
        }
        func part(_ part: CURLUPart, _ flags: Int32 = 0) throws(CurlError) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            let code = curl_url_get(address, part, &text, UInt32(flags))
            guard code != CURLUE_NO_QUERY else { return nil }
            try check(code)
            defer { curl_free(text) }
            return text.map { String(cString: $0) }
        }
        try check(curl_url_set(address, CURLUPART_URL, url, 0))
        // Encoded or not as libcurl itself takes them.
        let path = try part(CURLUPART_PATH, CURLU_URLENCODE) ?? "/"
        let query = try part(CURLUPART_QUERY).map { "?\($0)" } ?? ""
        try set(.requestTarget, to: path + query)
        try check(curl_url_set(address, CURLUPART_PATH, "/", 0))
        try check(curl_url_set(address, CURLUPART_QUERY, nil, 0))
        try set(.address, to: UnsafeRawPointer(address))
        self.url = url
    }

    func set(_ option: PointerOption, to value: UnsafeRawPointer?) throws(CurlError) {
        try CurlError.check(gb_easy_set_pointer(pointer, option.option, value), "set \(option)")
    }

    func set(_ option: DataCallbackOption, to value: gb_data_callback) throws(CurlError) {
        try CurlError.check(gb_easy_set_data_callback(pointer, option.option, value), "set \(option)")
    }

    /// Has libcurl call a function each time it is about to send the request, also when it would repeat it by itself.
    func setRequestCallback(_ callback: gb_request_callback) throws(CurlError) {
        try CurlError.check(gb_easy_set_request_callback(pointer, callback), "watch the request")
    }

    /// Has libcurl write what went wrong into the buffer behind ``errorDetail``.
    func keepErrorDetail() throws(CurlError) {
        try set(.errorBuffer, to: errorBuffer)
    }

    /// Makes the handle ready for one transfer; everything else it has been told already.
    ///
    /// - Parameters:
    ///   - request: Where it goes.
    ///   - body: What is sent.
    ///   - context: What the callbacks are handed.
    /// - Throws: ``CurlError`` of kind `setup`.
    mutating func prepare(
        for request: HTTPRequest,
        _ body: [UInt8]?,
        calling context: UnsafeMutableRawPointer
    ) throws(CurlError) {
        // libcurl does not forget what an earlier transfer of the handle failed with.
        errorBuffer.pointee = 0
        try setURL(request.url, for: request.operation)
        if let body {
            try setBody(body)
        }
        try set(.requestData, to: context)
        try set(.headerData, to: context)
        try set(.writeData, to: context)
    }

    mutating func setHeaders(_ lines: [String]) throws(CurlError) {
        for line in lines {
            guard let longer = curl_slist_append(headers, line) else {
                throw CurlError(.setup, operation: "set headers", message: "libcurl is out of memory")
            }
            headers = longer
        }
        try CurlError.check(gb_easy_set_list(pointer, CURLOPT_HTTPHEADER, headers), "set headers")
    }

    /// Keeps a copy of the body at one address, which libcurl reads until the transfer ends.
    private mutating func setBody(_ bytes: [UInt8]) throws(CurlError) {
        releaseBody()
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        copy.copyBytes(from: bytes)
        body = copy
        try set(.postFieldSize, to: bytes.count)
        try set(.postFields, to: copy.baseAddress)
    }

    mutating func releaseBody() {
        body?.deallocate()
        body = nil
    }

    /// Lets a paused transfer go on; the bytes it held back are delivered before this returns.
    ///
    /// - Returns: What the delivery came to; after a failure the transfer has to be ended.
    func unpause() -> CURLcode {
        curl_easy_pause(pointer, CURLPAUSE_CONT)
    }

    /// What libcurl wrote about the failure of this transfer; empty if it failed without words.
    var errorDetail: String { String(cString: errorBuffer) }

    /// The code of the last status line, of interim responses too.
    var status: Int { info(CURLINFO_RESPONSE_CODE) }

    var isHTTP2: Bool { info(CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0 }

    private func info(_ info: CURLINFO) -> Int {
        var value = 0
        return gb_easy_get_long(pointer, info, &value) == CURLE_OK ? value : 0
    }
}
