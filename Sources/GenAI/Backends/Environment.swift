#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The variables of the environment; an empty one counts as unset.
package struct Environment: Sendable {
    private let variable: @Sendable (String) -> String?

    /// The environment of this process.
    package static let process = Environment { name in
        getenv(name).map { String(cString: $0) }
    }

    /// - Parameter variable: The value of a variable; `nil` if it is not set.
    package init(_ variable: @escaping @Sendable (String) -> String?) {
        self.variable = variable
    }

    /// A variable without white space around it.
    package subscript(name: String) -> String? {
        let value = variable(name)?.trimmingWhitespace
        return value?.isEmpty == false ? value : nil
    }

    /// The backend that the environment asks for: only `true` and `1` mean Vertex AI, any other word the Gemini API.
    package var backendKind: BackendKind? {
        guard let word = self["GOOGLE_GENAI_USE_ENTERPRISE"] ?? self["GOOGLE_GENAI_USE_VERTEXAI"] else { return nil }
        return ["true", "1"].contains(word.lowercased()) ? .vertex : .geminiAPI
    }

    /// The server that the environment asks for in place of Google's own.
    package func baseURL(of kind: BackendKind) -> String? {
        switch kind {
        case .geminiAPI: self["GOOGLE_GEMINI_BASE_URL"]
        case .vertex: self["GOOGLE_VERTEX_BASE_URL"]
        }
    }

    /// The key; `GOOGLE_API_KEY` wins.
    package var apiKey: String? { self["GOOGLE_API_KEY"] ?? self["GEMINI_API_KEY"] }

    /// Whether there are two keys, of which one goes unused.
    package var hasTwoKeys: Bool {
        guard let google = self["GOOGLE_API_KEY"], let gemini = self["GEMINI_API_KEY"] else { return false }
        return google != gemini
    }

    /// The API version that the environment asks for; `beta` is a word for the backend's own.
    func apiVersion(beta: String) -> String? {
        self["GOOGLE_GENAI_API_VERSION"].map { $0 == "beta" ? beta : $0 }
    }
}
