public import JSON

/// What a filter finds in a prompt or an answer.
public struct SafetyRating: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// The kind of harm.
    public var category: HarmCategory? { json[word: "category"] }
    /// How likely the harm is.
    public var probability: HarmProbability? { json[word: "probability"] }
    /// 0 to 1; Vertex AI only.
    public var probabilityScore: Double? { json[number: "probabilityScore"] }
    /// For example `HARM_SEVERITY_LOW`; Vertex AI only.
    public var severity: String? { json[text: "severity"] }
    /// 0 to 1; Vertex AI only.
    public var severityScore: Double? { json[number: "severityScore"] }
    /// Whether this is why something was withheld.
    public var isBlocked: Bool { json[flag: "blocked"] ?? false }
}

/// How likely harm is.
public struct HarmProbability: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Next to impossible.
    public static let negligible = HarmProbability(rawValue: "NEGLIGIBLE")
    /// Not likely.
    public static let low = HarmProbability(rawValue: "LOW")
    /// Quite likely.
    public static let medium = HarmProbability(rawValue: "MEDIUM")
    /// Very likely.
    public static let high = HarmProbability(rawValue: "HIGH")
}
