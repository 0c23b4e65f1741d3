internal import CCurl

/// The set of running transfers of one ``ConnectionGroup``, driven by readiness of its sockets.
struct MultiHandle: ~Copyable {
    private let pointer: UnsafeMutableRawPointer

    init() throws(CurlError) {
        try Self.initializeLibrary()
        guard let pointer = curl_multi_init() else {
            throw CurlError(.setup, operation: "create the set of transfers", message: "libcurl is out of memory")
        }
        self.pointer = pointer
    }

    deinit {
        curl_multi_cleanup(pointer)
    }

    func set(_ option: MultiLongOption, to value: Int) throws(CurlError) {
        try CurlError.check(gb_multi_set_long(pointer, option.option, value), "set \(option)")
    }

    /// Registers who is told about sockets and timers; the context must live until ``removeCallbacks()``.
    func setCallbacks(
        socket: gb_socket_callback,
        timer: gb_timer_callback,
        context: UnsafeMutableRawPointer
    ) throws(CurlError) {
        try CurlError.check(gb_multi_set_socket_callback(pointer, socket), "watch sockets")
        try CurlError.check(gb_multi_set_pointer(pointer, CURLMOPT_SOCKETDATA, context), "watch sockets")
        try CurlError.check(gb_multi_set_timer_callback(pointer, timer), "watch timers")
        try CurlError.check(gb_multi_set_pointer(pointer, CURLMOPT_TIMERDATA, context), "watch timers")
    }

    /// From here on nobody is told anything.
    func removeCallbacks() {
        _ = gb_multi_set_socket_callback(pointer, nil)
        _ = gb_multi_set_timer_callback(pointer, nil)
    }

    func add(_ easy: UnsafeMutableRawPointer) throws(CurlError) {
        try CurlError.check(curl_multi_add_handle(pointer, easy), "start a transfer")
    }

    func remove(_ easy: UnsafeMutableRawPointer) {
        curl_multi_remove_handle(pointer, easy)
    }

    /// Tells libcurl what a socket is ready for.
    func act(on socket: Int32, readable: Bool, writable: Bool, failed: Bool) {
        var running: Int32 = 0
        let mask =
            (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0) | (failed ? CURL_CSELECT_ERR : 0)
        curl_multi_socket_action(pointer, socket, mask, &running)
    }

    /// Tells libcurl that its timer ran out.
    func actOnTimer() {
        var running: Int32 = 0
        curl_multi_socket_action(pointer, CURL_SOCKET_BAD, 0, &running)
    }

    /// The next transfer that ended, with libcurl's verdict.
    func nextEnded() -> (easy: UnsafeMutableRawPointer, code: CURLcode)? {
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(pointer, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            return (easy, gb_message_result(message))
        }
        return nil
    }

    /// libcurl wants to be initialised once in a process, before any other call; a static does just that.
    private static let initialization = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    private static func initializeLibrary() throws(CurlError) {
        try CurlError.check(initialization, "initialise libcurl")
    }
}
