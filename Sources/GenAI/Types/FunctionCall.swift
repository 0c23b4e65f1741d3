public import JSON

/// A function that the model asks the caller to run.
public struct FunctionCall: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - name: The name of a declared function.
    ///   - args: Its arguments; `nil` leaves them out.
    ///   - id: What the response has to repeat, if the model gave one.
    public init(name: String, args: JSONObject? = nil, id: String? = nil) {
        json = [:]
        json[text: "id"] = id
        json[text: "name"] = name
        json[object: "args"] = args
    }

    /// A name for the call, which its response repeats; not sent by all models.
    public var id: String? { json[text: "id"] }
    /// The function, as it was declared.
    public var name: String { json[text: "name"] ?? "" }
    /// The arguments, as the model wrote them.
    public var args: JSONObject { json[object: "args"] ?? [:] }
    /// Whether more pieces of this call follow, when arguments are streamed (Vertex AI).
    public var willContinue: Bool { json[flag: "willContinue"] ?? false }
    /// Pieces of the arguments, when arguments are streamed (Vertex AI).
    public var partialArgs: [PartialArgument] { json[views: "partialArgs"] ?? [] }
}

/// A piece of a function call's arguments.
public struct PartialArgument: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// Which argument it belongs to, as RFC 9535 writes paths: `$.port`.
    public var jsonPath: String? { json[text: "jsonPath"] }

    /// The value; a text is appended to the pieces before it.
    public var value: JSONValue? {
        if json["nullValue"] != nil { return .null }
        return ["stringValue", "numberValue", "boolValue"].lazy.compactMap { json[$0] }.first
    }

    /// Whether more pieces of this argument follow.
    public var willContinue: Bool { json[flag: "willContinue"] ?? false }
}

/// What a function returned, for the model.
public struct FunctionResponse: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - name: The name of the function.
    ///   - response: Any object; by convention under `output`, or under `error` if the function failed.
    ///   - id: That of the call, if it has one.
    public init(name: String, response: JSONObject, id: String? = nil) {
        json = [:]
        json[text: "id"] = id
        json[text: "name"] = name
        json[object: "response"] = response
    }

    /// What a call returned.
    public init(to call: FunctionCall, output: JSONValue) {
        self.init(name: call.name, response: ["output": output], id: call.id)
    }

    /// Why a call failed, in words for the model.
    public init(to call: FunctionCall, error: String) {
        self.init(name: call.name, response: ["error": .string(error)], id: call.id)
    }

    /// That of the call, if it had one.
    public var id: String? { json[text: "id"] }
    /// The function that was called.
    public var name: String { json[text: "name"] ?? "" }
    /// What the function gave back.
    public var response: JSONObject { json[object: "response"] ?? [:] }

    /// Media that the function gave back besides, as data or addresses.
    public var parts: [Part]? {
        get { json[views: "parts"] }
        set { json["parts"] = newValue.map { .array($0.map { .object($0.encodedJSON) }) } }
    }

    /// What the model does when the response comes, for functions that do not keep it waiting.
    public var scheduling: FunctionResponseScheduling? {
        get { json[word: "scheduling"] }
        set { json[word: "scheduling"] = newValue }
    }

    /// Whether more responses to the same call follow, for functions that do not keep the model waiting.
    public var willContinue: Bool? {
        get { json[flag: "willContinue"] }
        set { json[flag: "willContinue"] = newValue }
    }
}

/// What a model does when the response of a function comes that did not keep it waiting.
public struct FunctionResponseScheduling: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Takes note of it, and says nothing.
    public static let silent = FunctionResponseScheduling(rawValue: "SILENT")
    /// Speaks of it when it has finished what it is saying.
    public static let whenIdle = FunctionResponseScheduling(rawValue: "WHEN_IDLE")
    /// Speaks of it at once.
    public static let interrupt = FunctionResponseScheduling(rawValue: "INTERRUPT")
}

/// A call that the server made of one of its own tools; it goes back in the history (Gemini API only).
public struct ToolCall: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// A name for the call, which its response repeats.
    public var id: String? { json[text: "id"] }
    /// The tool, for example `GOOGLE_SEARCH_WEB`.
    public var toolType: String? { json[text: "toolType"] }
    /// The arguments, as the tool names them.
    public var args: JSONObject { json[object: "args"] ?? [:] }
}

/// What one of the server's own tools returned; it goes back in the history (Gemini API only).
public struct ToolResponse: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// That of the call.
    public var id: String? { json[text: "id"] }
    /// The tool that was called.
    public var toolType: String? { json[text: "toolType"] }
    /// What the tool gave back.
    public var response: JSONObject { json[object: "response"] ?? [:] }
}

extension Part {
    /// A call, for a history from elsewhere.
    ///
    /// Calls of a dialogue in hand go back as the parts that came, with their signatures.
    public static func functionCall(_ call: FunctionCall) -> Part {
        Part(json: ["functionCall": .object(call.json)])
    }

    /// What a function returned; the responses to all calls of one message belong into one message of the user.
    public static func functionResponse(_ response: FunctionResponse) -> Part {
        Part(json: ["functionResponse": .object(response.json)])
    }

    /// A function that the model asks for.
    public var functionCall: FunctionCall? { json[view: "functionCall"] }
    /// What a function gave back, if the part is that.
    public var functionResponse: FunctionResponse? { json[view: "functionResponse"] }
    /// A call of one of the server's own tools, if the part is that.
    public var toolCall: ToolCall? { json[view: "toolCall"] }
    /// What one of the server's own tools gave back, if the part is that.
    public var toolResponse: ToolResponse? { json[view: "toolResponse"] }
}
