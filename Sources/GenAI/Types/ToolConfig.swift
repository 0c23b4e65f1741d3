public import JSON

/// When and how a model uses its tools.
public struct ToolConfig: JSONBacked {
    private static let mode = ["functionCallingConfig", "mode"]
    private static let names = ["functionCallingConfig", "allowedFunctionNames"]
    private static let streaming = ["functionCallingConfig", "streamFunctionCallArguments"]
    private static let latitude = ["retrievalConfig", "latLng", "latitude"]
    private static let longitude = ["retrievalConfig", "latLng", "longitude"]
    private static let language = ["retrievalConfig", "languageCode"]

    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - functionCalling: Whether functions are called.
    ///   - allowedFunctionNames: The only ones that may be; with the modes `any` and `validated`.
    public init(functionCalling: FunctionCallingMode? = nil, allowedFunctionNames: [String]? = nil) {
        json = [:]
        functionCallingMode = functionCalling
        self.allowedFunctionNames = allowedFunctionNames
    }

    /// Whether functions are called.
    public var functionCallingMode: FunctionCallingMode? {
        get { json[Self.mode]?.string.map(FunctionCallingMode.init(rawValue:)) }
        set { json[Self.mode] = newValue.map { .string($0.rawValue) } }
    }

    /// The only functions that may be called.
    public var allowedFunctionNames: [String]? {
        get { json[Self.names]?.array?.compactMap(\.string) }
        set { json[Self.names] = newValue.map { .array($0.map(JSONValue.string)) } }
    }

    /// Whether the arguments of calls arrive in pieces; Vertex AI only.
    public var streamsFunctionCallArguments: Bool? {
        get { json[Self.streaming]?.bool }
        set { json[Self.streaming] = newValue.map(JSONValue.bool) }
    }

    /// Where the user is, for searches and maps.
    public var location: Coordinates? {
        get {
            guard let latitude = json[Self.latitude]?.double, let longitude = json[Self.longitude]?.double else {
                return nil
            }
            return Coordinates(latitude: latitude, longitude: longitude)
        }
        set {
            json[Self.latitude] = newValue.map { .number(JSONNumber($0.latitude)) }
            json[Self.longitude] = newValue.map { .number(JSONNumber($0.longitude)) }
        }
    }

    /// The language of searches, for example `en-GB`.
    public var languageCode: String? {
        get { json[Self.language]?.string }
        set { json[Self.language] = newValue.map(JSONValue.string) }
    }

    /// Whether the answer shows the calls of the server's own tools; Gemini API only.
    public var includesServerSideToolInvocations: Bool? {
        get { json[flag: "includeServerSideToolInvocations"] }
        set { json[flag: "includeServerSideToolInvocations"] = newValue }
    }
}

/// A place on the globe.
public struct Coordinates: Sendable, Hashable {
    /// In degrees, -90 to 90.
    public var latitude: Double
    /// In degrees, -180 to 180.
    public var longitude: Double

    /// A place on the Earth, in degrees.
    public init(latitude: Double, longitude: Double) {
        self.latitude = latitude
        self.longitude = longitude
    }
}

/// Whether a model calls functions.
public struct FunctionCallingMode: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// As the model finds right.
    public static let auto = FunctionCallingMode(rawValue: "AUTO")
    /// Always.
    public static let any = FunctionCallingMode(rawValue: "ANY")
    /// `NONE`; under another name because `.none` already means that an optional is not set.
    public static let never = FunctionCallingMode(rawValue: "NONE")
    /// As the model finds right, and calls keep to their schema.
    public static let validated = FunctionCallingMode(rawValue: "VALIDATED")
}
