internal import Curl

extension GenAIError {
    /// What a broken transfer means to a caller.
    init(_ error: CurlError) {
        let text = error.description
        switch error.kind {
        case .nameNotResolved, .proxyNotResolved, .connectFailed:
            self = .unreachable(text)
        case .tls:
            self = .tls(text + "; to trust a certificate authority of your own, name its PEM file with the CA option")
        case .timedOut(.connect):
            self = .timedOut(.connect, text)
        case .timedOut(.firstByte):
            self = .timedOut(.firstChunk, text)
        case .timedOut(.idle):
            self = .timedOut(.idle, text)
        case .timedOut(.total):
            self = .timedOut(.total, text)
        case .connectionLost, .abandoned, .cancelled:
            self = .connectionLost(text)
        case .tooLarge:
            // Headers beyond measure: a broken proxy rather than a large answer, so another attempt is worth it.
            self = .malformedResponse(text)
        case .setup:
            self = .invalidCall(text)
        }
    }
}
