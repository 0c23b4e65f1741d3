public import JSON

/// Something that a model may call or look up; each holds one kind.
///
/// Options are given under their names in the API, as in `.googleMaps(["enableWidget": true])`.
public struct Tool: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    private init(_ kind: String, _ options: JSONObject) {
        json = [kind: .object(options)]
    }
}

extension Tool {
    /// Functions of the caller's, at most 512.
    public static func functions(_ declarations: [FunctionDeclaration]) -> Tool {
        Tool(json: ["functionDeclarations": .array(declarations.map { .object($0.json) })])
    }

    /// Answers that rest on a web search.
    ///
    /// - Parameter options: `timeRangeFilter`; on Vertex AI also `excludeDomains` and `blockingConfidence`.
    /// - Returns: A tool with `googleSearch`.
    public static func googleSearch(_ options: JSONObject = [:]) -> Tool {
        Tool("googleSearch", options)
    }

    /// The web search of models before Gemini 2.
    public static func googleSearchRetrieval(_ options: JSONObject = [:]) -> Tool {
        Tool("googleSearchRetrieval", options)
    }

    /// Pages whose addresses stand in the prompt.
    public static func urlContext(_ options: JSONObject = [:]) -> Tool {
        Tool("urlContext", options)
    }

    /// Python that the model writes and the server runs.
    public static func codeExecution(_ options: JSONObject = [:]) -> Tool {
        Tool("codeExecution", options)
    }

    /// Places; ``ToolConfig/location`` tells where the user is.
    public static func googleMaps(_ options: JSONObject = [:]) -> Tool {
        Tool("googleMaps", options)
    }

    /// Steps in a browser or another environment, which the caller carries out.
    public static func computerUse(_ options: JSONObject) -> Tool {
        Tool("computerUse", options)
    }

    /// Documents in file search stores; Gemini API only.
    public static func fileSearch(_ options: JSONObject) -> Tool {
        Tool("fileSearch", options)
    }

    /// Servers of the Model Context Protocol that Google calls; Gemini API only.
    public static func mcpServers(_ servers: [JSONObject]) -> Tool {
        Tool(json: ["mcpServers": .array(servers.map(JSONValue.object))])
    }

    /// Search in the project's own data; Vertex AI only.
    public static func retrieval(_ options: JSONObject) -> Tool {
        Tool("retrieval", options)
    }

    /// A web search that keeps to the rules of enterprises; Vertex AI only.
    public static func enterpriseWebSearch(_ options: JSONObject = [:]) -> Tool {
        Tool("enterpriseWebSearch", options)
    }

    /// The functions declared in this tool.
    public var functionDeclarations: [FunctionDeclaration] {
        json[views: "functionDeclarations"] ?? []
    }
}

/// A function that the model may ask the caller to run.
public struct FunctionDeclaration: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - name: At most 128 characters: letters, digits, `_`, `.`, `:` and `-`, a letter or `_` first.
    ///   - description: What it does and when to call it, for the model.
    ///   - parameters: Its arguments, an object; `nil` if it has none.
    public init(name: String, description: String, parameters: Schema? = nil) {
        json = ["name": .string(name), "description": .string(description)]
        self.parameters = parameters
    }

    /// - Parameters:
    ///   - name: At most 128 characters: letters, digits, `_`, `.`, `:` and `-`, a letter or `_` first.
    ///   - description: What it does and when to call it, for the model.
    ///   - parametersJSONSchema: Its arguments as a standard JSON Schema, sent as written.
    public init(name: String, description: String, parametersJSONSchema: JSONValue) {
        json = ["name": .string(name), "description": .string(description)]
        self.parametersJSONSchema = parametersJSONSchema
    }

    /// Letters, digits, underscores, dots and dashes, at most 64.
    public var name: String? { json[text: "name"] }
    /// What it does, for the model to know when to call it.
    public var description: String? { json[text: "description"] }

    /// The arguments.
    public var parameters: Schema? {
        get { json[view: "parameters"] }
        set { json[view: "parameters"] = newValue }
    }

    /// The arguments as a standard JSON Schema, instead of ``parameters``.
    public var parametersJSONSchema: JSONValue? {
        get { json["parametersJsonSchema"] }
        set { json["parametersJsonSchema"] = newValue }
    }

    /// What the function returns.
    public var response: Schema? {
        get { json[view: "response"] }
        set { json[view: "response"] = newValue }
    }
}
