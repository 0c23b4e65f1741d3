/// Why a call gave no usable answer.
public enum GenAIError: Error, Sendable, Hashable {
    /// The server answered with an error.
    case api(APIError)
    /// No connection to the server; the text says which host, or proxy, and why.
    case unreachable(String)
    /// The certificate or the handshake was not accepted; repeating does not help.
    case tls(String)
    /// The connection broke.
    case connectionLost(String)
    /// One of the four limits ran out; the text says which, and how long it was.
    case timedOut(Timeout, String)
    /// The stream ended before the answer did; what came so far is not an answer.
    case interrupted
    /// The answer ended properly and holds nothing.
    case emptyAnswer
    /// What came is not the protocol; the text shows how it begins.
    case malformedResponse(String)
    /// More bytes came than the limits allow.
    case responseTooLarge(String)
    /// The call cannot be made as it is: a bad base URL, a missing key, a model name with odd characters.
    case invalidCall(String)
    /// Google Cloud gave no token for the request.
    case signIn(SignInError)

    /// The limit that ran out.
    public enum Timeout: String, Sendable {
        /// For a connection.
        case connect
        /// For the first byte of the answer.
        case firstChunk
        /// For the next byte.
        case idle
        /// For the whole answer.
        case total
    }
}

extension GenAIError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .api(let error): error.description
        case .unreachable(let text), .tls(let text), .connectionLost(let text), .timedOut(_, let text),
            .responseTooLarge(let text), .invalidCall(let text):
            text
        case .interrupted: "the stream ended before the answer did"
        case .emptyAnswer: "the answer is empty"
        case .malformedResponse(let text): "the server did not answer in its protocol: \(text)"
        case .signIn(let error): error.description
        }
    }
}

extension GenAIError {
    /// Shorter texts are no secrets, and would tear words apart.
    private static let shortestSecret = 8

    /// The same error with one text in place of another wherever the server's words are.
    func replacing(_ secret: String, with replacement: String) -> GenAIError {
        guard secret.utf8.count >= Self.shortestSecret else { return self }
        func clean(_ text: String) -> String { text.replacing(secret, with: replacement) }
        switch self {
        case .api(let error): return .api(error.mapTexts(clean))
        case .unreachable(let text): return .unreachable(clean(text))
        case .tls(let text): return .tls(clean(text))
        case .connectionLost(let text): return .connectionLost(clean(text))
        case .timedOut(let limit, let text): return .timedOut(limit, clean(text))
        case .malformedResponse(let text): return .malformedResponse(clean(text))
        case .responseTooLarge(let text): return .responseTooLarge(clean(text))
        case .invalidCall(let text): return .invalidCall(clean(text))
        case .signIn(let error): return .signIn(SignInError(error.code, clean(error.message)))
        case .interrupted, .emptyAnswer: return self
        }
    }
}
