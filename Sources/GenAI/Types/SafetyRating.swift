public import JSON

/// What a filter finds in a prompt or an answer.
public struct SafetyRating: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    public var category: HarmCategory? { json[word: "category"] }
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

    public static let negligible = HarmProbability(rawValue: "NEGLIGIBLE")
    public static let low = HarmProbability(rawValue: "LOW")
    public static let medium = HarmProbability(rawValue: "MEDIUM")
    public static let high = HarmProbability(rawValue: "HIGH")
}
