public import JSON

/// How much of one kind of harm a filter lets through.
///
/// Since Gemini 2.5 the filters are off unless asked for.
public struct SafetySetting: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - category: The kind of harm; one setting for each.
    ///   - threshold: From which likelihood on something is withheld.
    ///   - method: What the threshold is held against; Vertex AI only.
    public init(_ category: HarmCategory, _ threshold: HarmThreshold, method: HarmMethod? = nil) {
        json = ["category": .string(category.rawValue), "threshold": .string(threshold.rawValue)]
        json[word: "method"] = method
    }

    /// The kind of harm.
    public var category: HarmCategory? { json[word: "category"] }
    /// From where on answers are blocked.
    public var threshold: HarmThreshold? { json[word: "threshold"] }
    /// What is measured; Vertex AI only.
    public var method: HarmMethod? { json[word: "method"] }
}

/// A kind of harm.
public struct HarmCategory: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Insults and threats.
    public static let harassment = HarmCategory(rawValue: "HARM_CATEGORY_HARASSMENT")
    /// Contempt for groups of people.
    public static let hateSpeech = HarmCategory(rawValue: "HARM_CATEGORY_HATE_SPEECH")
    /// Sexual texts.
    public static let sexuallyExplicit = HarmCategory(rawValue: "HARM_CATEGORY_SEXUALLY_EXPLICIT")
    /// Help with dangerous goods or acts.
    public static let dangerousContent = HarmCategory(rawValue: "HARM_CATEGORY_DANGEROUS_CONTENT")
    /// Deprecated by Google.
    public static let civicIntegrity = HarmCategory(rawValue: "HARM_CATEGORY_CIVIC_INTEGRITY")
    /// Vertex AI only, like those of images.
    public static let jailbreak = HarmCategory(rawValue: "HARM_CATEGORY_JAILBREAK")
    /// Pictures of contempt for groups of people; Vertex AI only.
    public static let imageHate = HarmCategory(rawValue: "HARM_CATEGORY_IMAGE_HATE")
    /// Pictures of dangerous goods or acts; Vertex AI only.
    public static let imageDangerousContent = HarmCategory(rawValue: "HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT")
    /// Pictures that insult or threaten; Vertex AI only.
    public static let imageHarassment = HarmCategory(rawValue: "HARM_CATEGORY_IMAGE_HARASSMENT")
    /// Sexual pictures; Vertex AI only.
    public static let imageSexuallyExplicit = HarmCategory(rawValue: "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT")
}

/// From which likelihood of harm on something is withheld.
public struct HarmThreshold: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Blocks what is harmful with low probability, and more.
    public static let blockLowAndAbove = HarmThreshold(rawValue: "BLOCK_LOW_AND_ABOVE")
    /// Blocks what is harmful with medium probability, and more.
    public static let blockMediumAndAbove = HarmThreshold(rawValue: "BLOCK_MEDIUM_AND_ABOVE")
    /// Blocks only what is harmful with high probability.
    public static let blockOnlyHigh = HarmThreshold(rawValue: "BLOCK_ONLY_HIGH")
    /// Nothing is withheld, and the ratings still come.
    public static let blockNone = HarmThreshold(rawValue: "BLOCK_NONE")
    /// The filter does not run.
    public static let off = HarmThreshold(rawValue: "OFF")
}

/// What a threshold is held against.
public struct HarmMethod: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// How likely and how severe the harm is.
    public static let severity = HarmMethod(rawValue: "SEVERITY")
    /// How likely the harm is.
    public static let probability = HarmMethod(rawValue: "PROBABILITY")
}
