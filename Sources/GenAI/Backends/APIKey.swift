/// The key of the Gemini API, and where it comes from.
struct APIKey: Sendable {
    let text: String

    /// Finds the key (protocol, section 2).
    ///
    /// - Parameters:
    ///   - argument: Given by the caller; wins over the environment.
    ///   - variable: The value of a variable of the environment.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if there is none that works.
    init(_ argument: String?, environment variable: (String) -> String?) throws(GenAIError) {
        let candidates = [argument, variable("GOOGLE_API_KEY"), variable("GEMINI_API_KEY")]
        let key = candidates.lazy.compactMap { $0?.trimmingWhitespace }.first { !$0.isEmpty }
        guard let key else {
            throw .invalidCall(
                "no API key: set GEMINI_API_KEY (or GOOGLE_API_KEY); keys are made at https://aistudio.google.com/apikey"
            )
        }
        guard !key.hasPrefix("auth_tokens/") else {
            throw .invalidCall("the API key is an ephemeral token, which works with the Live API only")
        }
        text = key
    }
}

extension String {
    /// The text without white space at its ends.
    var trimmingWhitespace: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
