public import JSON

/// How much a model thinks before it answers.
///
/// Models differ in what they take: 2.5 takes a budget, later ones a level, and none takes both.
public struct ThinkingConfig: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - level: For Gemini 3 and later.
    ///   - budget: For Gemini 2.5: tokens, 0 for none, -1 for as many as the model finds right.
    ///   - includeThoughts: Whether to send a summary of the thoughts along.
    public init(level: ThinkingLevel? = nil, budget: Int? = nil, includeThoughts: Bool? = nil) {
        json = [:]
        thinkingLevel = level
        thinkingBudget = budget
        self.includeThoughts = includeThoughts
    }

    /// How much thinking, in Gemini 3 and later.
    public var thinkingLevel: ThinkingLevel? {
        get { json[word: "thinkingLevel"] }
        set { json[word: "thinkingLevel"] = newValue }
    }

    /// Tokens to think with, in Gemini 2.5: 0 for none, -1 for as many as the model finds right.
    public var thinkingBudget: Int? {
        get { json[integer: "thinkingBudget"] }
        set { json[integer: "thinkingBudget"] = newValue }
    }

    /// Whether a summary of the thoughts comes along, in parts that say so (``Part/isThought``).
    public var includeThoughts: Bool? {
        get { json[flag: "includeThoughts"] }
        set { json[flag: "includeThoughts"] = newValue }
    }
}

/// How much a model thinks; each takes some of the levels.
public struct ThinkingLevel: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Next to nothing.
    public static let minimal = ThinkingLevel(rawValue: "MINIMAL")
    /// A little.
    public static let low = ThinkingLevel(rawValue: "LOW")
    /// Something between low and high.
    public static let medium = ThinkingLevel(rawValue: "MEDIUM")
    /// As much as the model finds right.
    public static let high = ThinkingLevel(rawValue: "HIGH")
    /// More than high; few models have it.
    public static let extraHigh = ThinkingLevel(rawValue: "XHIGH")
}
