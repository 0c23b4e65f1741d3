public import JSON

/// One possible answer.
public struct Candidate: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// Which of the answers this is; the order of the list says nothing.
    public var index: Int { json[integer: "index"] ?? 0 }
    /// What was said; `nil` in chunks that only end the answer.
    public var content: Content? { json["content"].map(Content.init(wire:)) }
    /// Why the model stopped; `nil` while it has not.
    public var finishReason: FinishReason? { json[word: "finishReason"] }
    /// The reason in words.
    public var finishMessage: String? { json[text: "finishMessage"] }
    /// How the filters judged the answer.
    public var safetyRatings: [SafetyRating] { json[views: "safetyRatings"] ?? [] }
    /// Passages that come from known texts.
    public var citations: [Citation] {
        // The Gemini API calls the list otherwise than Vertex AI does.
        let metadata = json[object: "citationMetadata"]
        return metadata?[views: "citations"] ?? metadata?[views: "citationSources"] ?? []
    }
    /// What the answer rests on, if the model searched.
    public var groundingMetadata: GroundingMetadata? { json[view: "groundingMetadata"] }
    /// How the pages of the prompt were read.
    public var urlMetadata: [URLMetadata] { json[object: "urlContextMetadata"]?[views: "urlMetadata"] ?? [] }
    /// The mean of the logarithms of the tokens' probabilities.
    public var averageLogprobs: Double? { json[number: "avgLogprobs"] }
    /// The probabilities of the tokens, if they were asked for.
    public var logprobsResult: LogprobsResult? { json[view: "logprobsResult"] }
    /// Tokens of this candidate alone; not sent by all models.
    public var tokenCount: Int? { json[integer: "tokenCount"] }
    /// What the next request has to carry when the answer is unfinished (``FinishReason/continuation``).
    public var continuationToken: String? { json[text: "continuationToken"] }
}

/// A passage that comes from a known text.
public struct Citation: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// Where the passage begins, in bytes of UTF-8.
    public var startIndex: Int { json[integer: "startIndex"] ?? 0 }
    /// Where it ends, in bytes of UTF-8.
    public var endIndex: Int? { json[integer: "endIndex"] }
    /// The address of the source.
    public var uri: String? { json[text: "uri"] }
    /// The title of the source.
    public var title: String? { json[text: "title"] }
    /// The license of the source, for example `mit`.
    public var license: String? { json[text: "license"] }
    /// When the source was published.
    public var publicationDate: PublicationDate? { json[view: "publicationDate"] }
}

/// When something was published, as exactly as it is known.
public struct PublicationDate: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// For example 2026.
    public var year: Int? { Self.known(json[integer: "year"]) }
    /// From 1; `nil` if only the year is known.
    public var month: Int? { Self.known(json[integer: "month"]) }
    /// From 1; `nil` if only year and month are known.
    public var day: Int? { Self.known(json[integer: "day"]) }

    /// On the wire zero is what is not known.
    private static func known(_ number: Int?) -> Int? {
        number == 0 ? nil : number
    }
}

/// How one page of the prompt was read.
public struct URLMetadata: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// The address that was fetched.
    public var retrievedURL: String? { json[text: "retrievedUrl"] }
    /// For example `URL_RETRIEVAL_STATUS_SUCCESS`.
    public var status: String? { json[text: "urlRetrievalStatus"] }
}

/// How probable the tokens of an answer were.
public struct LogprobsResult: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// The tokens of the answer.
    public var chosenCandidates: [Logprob] { json[views: "chosenCandidates"] ?? [] }

    /// For each place the likeliest tokens, the likeliest first.
    public var topCandidates: [[Logprob]] {
        json["topCandidates"]?.array?.map { $0.object?[views: "candidates"] ?? [] } ?? []
    }
}

/// One token and how probable it was.
public struct Logprob: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// The token as text.
    public var token: String? { json[text: "token"] }
    /// The number of the token in the model's vocabulary.
    public var tokenID: Int? { json[integer: "tokenId"] }
    /// The natural logarithm of the probability.
    public var logProbability: Double? { json[number: "logProbability"] }
}
