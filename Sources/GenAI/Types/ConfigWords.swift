/// A kind of content.
public struct Modality: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Plain text.
    public static let text = Modality(rawValue: "TEXT")
    /// Pictures.
    public static let image = Modality(rawValue: "IMAGE")
    /// Moving pictures.
    public static let video = Modality(rawValue: "VIDEO")
    /// Speech and other sound.
    public static let audio = Modality(rawValue: "AUDIO")
    /// PDF and the like.
    public static let document = Modality(rawValue: "DOCUMENT")
}

/// How finely media are read: finer costs more tokens.
public struct MediaResolution: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Fewest tokens for each picture.
    public static let low = MediaResolution(rawValue: "MEDIA_RESOLUTION_LOW")
    /// Something between the two.
    public static let medium = MediaResolution(rawValue: "MEDIA_RESOLUTION_MEDIUM")
    /// Most tokens for each picture.
    public static let high = MediaResolution(rawValue: "MEDIA_RESOLUTION_HIGH")
    /// For single parts only.
    public static let ultraHigh = MediaResolution(rawValue: "MEDIA_RESOLUTION_ULTRA_HIGH")
}

/// What a request costs and how long it may wait.
public struct ServiceTier: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The ordinary price and speed.
    public static let standard = ServiceTier(rawValue: "standard")
    /// Half the price, and minutes of waiting: allow 15 and more.
    public static let flex = ServiceTier(rawValue: "flex")
    /// Dearer and sooner; above its limit the server goes on as `standard` without a word.
    public static let priority = ServiceTier(rawValue: "priority")
}
