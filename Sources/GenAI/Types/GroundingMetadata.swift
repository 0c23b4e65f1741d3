public import JSON

/// What an answer rests on.
public struct GroundingMetadata: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// What the model searched for.
    public var webSearchQueries: [String] { json[texts: "webSearchQueries"] ?? [] }
    /// What it found; supports refer to the places in this list.
    public var chunks: [GroundingChunk] {
        // One that is no object must not move those behind it.
        json["groundingChunks"]?.array?.map { GroundingChunk(json: $0.object ?? [:]) } ?? []
    }
    /// Which passage of the answer rests on what.
    public var supports: [GroundingSupport] { json[views: "groundingSupports"] ?? [] }
    /// HTML that Google wants shown beside the answer.
    public var searchEntryPointHTML: String? { json[["searchEntryPoint", "renderedContent"]]?.string }
}

/// Something that a search found; one of the kinds is set.
public struct GroundingChunk: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// A page of the web.
    public var web: GroundingSource? { json[view: "web"] }
    /// A document of a data store.
    public var retrievedContext: GroundingSource? { json[view: "retrievedContext"] }
    /// A place of Google Maps.
    public var maps: GroundingSource? { json[view: "maps"] }
    /// A picture found on the web.
    public var image: GroundingSource? { json[view: "image"] }
}

/// Where something was found.
public struct GroundingSource: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// The address of the source.
    public var uri: String? { json[text: "uri"] }
    /// The title of the source.
    public var title: String? { json[text: "title"] }
    /// The host of the page.
    public var domain: String? { json[text: "domain"] }
}

/// A passage of the answer and what it rests on.
public struct GroundingSupport: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// Which part of the content holds the passage.
    public var partIndex: Int { json[["segment", "partIndex"]]?.integer ?? 0 }
    /// Where the passage begins in the part, in bytes of UTF-8.
    public var startIndex: Int { json[["segment", "startIndex"]]?.integer ?? 0 }
    /// Where it ends, in bytes of UTF-8.
    public var endIndex: Int? { json[["segment", "endIndex"]]?.integer }
    /// The words of the answer that the sources support.
    public var text: String? { json[["segment", "text"]]?.string }
    /// Places in ``GroundingMetadata/chunks``.
    public var chunkIndices: [Int] { json["groundingChunkIndices"]?.array?.compactMap(\.integer) ?? [] }
    /// 0 to 1, one for each of ``chunkIndices``.
    public var confidenceScores: [Double] { json["confidenceScores"]?.array?.compactMap(\.floating) ?? [] }
}
