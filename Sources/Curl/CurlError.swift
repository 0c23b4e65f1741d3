internal import CCurl

/// Why a transfer, or a call into libcurl, did not succeed.
package struct CurlError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        case nameNotResolved
        case proxyNotResolved
        case connectFailed
        /// Certificate, protocol version or handshake.
        case tls
        case timedOut(Phase)
        /// The connection broke after it stood, or the peer did not speak HTTP.
        case connectionLost
        /// More bytes than allowed; a header flood counts too.
        case tooLarge
        /// The receiver did not want the rest.
        case abandoned
        case cancelled
        /// A setting was refused, or libcurl is out of memory or descriptors.
        case setup
    }

    /// The limit that ran out.
    package enum Phase: String, Sendable, Equatable {
        case connect, firstByte, idle, total
    }

    package let kind: Kind
    /// libcurl's code; 0 where libcurl was not the one to complain.
    package let code: Int
    /// What was tried, for example `POST https://host/path`.
    package let operation: String
    /// libcurl's own words or ours.
    package let message: String

    package init(_ kind: Kind, code: Int = 0, operation: String, message: String) {
        self.kind = kind
        self.code = code
        self.operation = operation
        self.message = message
    }

    package var description: String {
        "\(operation): \(message)" + (code == 0 ? "" : " (libcurl error \(code))")
    }
}

extension CurlError {
    static func check(_ code: CURLcode, _ operation: @autoclosure () -> String) throws(CurlError) {
        guard code == CURLE_OK else { throw CurlError(code, operation: operation(), detail: nil) }
    }

    static func check(_ code: CURLMcode, _ operation: @autoclosure () -> String) throws(CurlError) {
        guard code == CURLM_OK else {
            throw CurlError(
                .setup,
                code: Int(code.rawValue),
                operation: operation(),
                message: String(cString: curl_multi_strerror(code))
            )
        }
    }

    /// An error of a transfer; what libcurl wrote into its error buffer is more exact than the code's name.
    init(_ code: CURLcode, operation: String, detail: String?) {
        let message = detail.flatMap { $0.isEmpty ? nil : $0 } ?? String(cString: curl_easy_strerror(code))
        self.init(Self.kind(of: code, message), code: Int(code.rawValue), operation: operation, message: message)
    }

    /// The same error with the proxy's name, if the environment's proxy is the one that it is about.
    ///
    /// - Parameter host: The server's, which the message names if there is no proxy.
    /// - Returns: The error with what is known about its cause.
    func namingProxy(unlessAbout host: some StringProtocol) -> CurlError {
        guard kind == .proxyNotResolved || kind == .connectFailed, !message.contains(" \(host) "),
            message.contains("roxy") || message.contains("CONNECT") || message.contains("connect to"),
            let proxy = EnvironmentProxy.description
        else { return self }
        return CurlError(kind, code: code, operation: operation, message: "\(message), by way of \(proxy)")
    }

    private static func kind(of code: CURLcode, _ message: String) -> Kind {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: .nameNotResolved
        case CURLE_COULDNT_RESOLVE_PROXY: .proxyNotResolved
        // Bears the code of a connection that broke, but there was none yet to the server.
        case CURLE_RECV_ERROR where message.contains("CONNECT"): .connectFailed
        case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_PROXY: .connectFailed
        // The only limit that libcurl itself watches.
        case CURLE_OPERATION_TIMEDOUT: .timedOut(.connect)
        // A handshake that breaks off with its connection bears the same code as one that is refused; only a refusal
        // has a reason of OpenSSL's in its message. Another try may succeed after the former.
        case CURLE_SSL_CONNECT_ERROR where !message.contains("SSL routines") || message.contains("unexpected eof"):
            .connectFailed
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
            .tls
        case CURLE_OUT_OF_MEMORY, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION, CURLE_FAILED_INIT,
            CURLE_URL_MALFORMAT, CURLE_NOT_BUILT_IN:
            .setup
        default: .connectionLost
        }
    }
}
