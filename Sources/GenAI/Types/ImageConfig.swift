public import JSON

/// The form of the pictures that a model makes.
public struct ImageConfig: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - aspectRatio: Width to height, for example `16:9`.
    ///   - imageSize: `1K`, `2K` or `4K`.
    public init(aspectRatio: String? = nil, imageSize: String? = nil) {
        json = [:]
        self.aspectRatio = aspectRatio
        self.imageSize = imageSize
    }

    /// Width to height: `1:1`, `2:3`, `3:2`, `3:4`, `4:3`, `4:5`, `5:4`, `9:16`, `16:9`, `21:9`.
    public var aspectRatio: String? {
        get { json[text: "aspectRatio"] }
        set { json[text: "aspectRatio"] = newValue }
    }

    /// `1K`, `2K` or `4K`, with a capital K.
    public var imageSize: String? {
        get { json[text: "imageSize"] }
        set { json[text: "imageSize"] = newValue }
    }

    /// Which people may be shown, for example `ALLOW_ADULT`; Vertex AI only.
    public var personGeneration: String? {
        get { json[text: "personGeneration"] }
        set { json[text: "personGeneration"] = newValue }
    }

    /// For example `image/jpeg`; Vertex AI only.
    public var outputMIMEType: String? {
        get { json[["imageOutputOptions", "mimeType"]]?.string }
        set { json[["imageOutputOptions", "mimeType"]] = newValue.map(JSONValue.string) }
    }

    /// The quality of a JPEG, 0 to 100; Vertex AI only.
    public var outputCompressionQuality: Int? {
        get { json[["imageOutputOptions", "compressionQuality"]]?.integer }
        set { json[["imageOutputOptions", "compressionQuality"]] = newValue.map { .number(JSONNumber($0)) } }
    }
}
