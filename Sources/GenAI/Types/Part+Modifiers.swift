public import JSON

/// What a part says besides its text or data.
extension Part {
    /// How finely this medium is read, in Gemini 3 and later.
    public var mediaResolution: MediaResolution? {
        get { json[["mediaResolution", "level"]]?.string.map(MediaResolution.init(rawValue:)) }
        set { json[["mediaResolution", "level"]] = newValue.map { .string($0.rawValue) } }
    }

    /// Which piece of a video is meant, and how many pictures a second are looked at.
    public var videoMetadata: VideoMetadata? {
        get { json[view: "videoMetadata"] }
        set { json[view: "videoMetadata"] = newValue }
    }

    /// Opaque bytes, in base64 as they came, that the model wants back on the same part.
    public var thoughtSignature: String? {
        get { json[text: "thoughtSignature"] }
        set { json[text: "thoughtSignature"] = newValue }
    }

    /// Notes of the caller's that the model does not see; Gemini API only.
    public var partMetadata: JSONObject? {
        get { json[object: "partMetadata"] }
        set { json[object: "partMetadata"] = newValue }
    }
}

/// A piece of a video.
public struct VideoMetadata: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - startOffset: Where the piece begins.
    ///   - endOffset: Where it ends.
    ///   - framesPerSecond: Above 0, at most 24; the server takes 1 unless told otherwise.
    public init(startOffset: Duration? = nil, endOffset: Duration? = nil, framesPerSecond: Double? = nil) {
        json = [:]
        self.startOffset = startOffset
        self.endOffset = endOffset
        self.framesPerSecond = framesPerSecond
    }

    /// Where the piece begins.
    public var startOffset: Duration? {
        get { json[text: "startOffset"].flatMap(Duration.init(protobuf:)) }
        set { json[text: "startOffset"] = newValue?.protobufText }
    }

    /// Where the piece ends.
    public var endOffset: Duration? {
        get { json[text: "endOffset"].flatMap(Duration.init(protobuf:)) }
        set { json[text: "endOffset"] = newValue?.protobufText }
    }

    /// Pictures that are looked at in a second.
    public var framesPerSecond: Double? {
        get { json[number: "fps"] }
        set { json[number: "fps"] = newValue }
    }
}
