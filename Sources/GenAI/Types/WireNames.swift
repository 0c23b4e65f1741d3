internal import JSON

/// Which names of a piece of the request are the API's, and so are sent in lowerCamelCase, and which are the user's
/// own and sent as written: properties of schemas, arguments of functions, labels.
///
/// Lists are looked through. This is the only place that knows both spellings, of names and of the API's own words.
indirect enum WireNames: Sendable {
    /// Every name, at any depth, is the API's; the value of a listed member follows a rule of its own.
    case all(except: [String: WireNames] = [:])
    /// No name is.
    case none
    /// The names of this object are; the value of a listed member follows a rule of its own, and the others stay as
    /// they are.
    case members([String: WireNames])
    /// The names of this object are the user's; each value follows a rule.
    case values(WireNames)
    /// An OpenAPI schema, which holds others.
    case schema
    /// A word of the API's, or several, in capitals.
    case capitals
    /// The same in small letters.
    case smallLetters

    /// A value with the API's names in lowerCamelCase.
    func applied(to value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): .array(elements.map(applied))
        case .object(let object): .object(applied(to: object))
        case .string(let word):
            switch self {
            case .capitals: .string(word.uppercased())
            case .smallLetters: .string(word.lowercased())
            default: value
            }
        default: value
        }
    }

    private func applied(to object: JSONObject) -> JSONObject {
        switch self {
        case .all(let rules): Self.renamed(object) { rules[$0] ?? .all() }
        case .none, .capitals, .smallLetters: object
        case .members(let rules): Self.renamed(object) { rules[$0] ?? .none }
        case .values(let rule): JSONObject(object.map { (name: $0.name, value: rule.applied(to: $0.value)) })
        case .schema: Self.renamed(object) { Self.schemaMembers[$0] ?? .none }
        }
    }

    /// A member that is `null` counts as not set.
    private static func renamed(_ object: JSONObject, _ rule: (String) -> WireNames) -> JSONObject {
        JSONObject(
            object.filter { $0.value != .null }.map { member in
                let name = camelCase(member.name)
                return (name: name, value: rule(name).applied(to: member.value))
            }
        )
    }

    /// `max_output_tokens` as `maxOutputTokens`; a name with other letters than snake_case has stays as it is.
    static func camelCase(_ name: String) -> String {
        let isSnakeCase = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
        }
        guard isSnakeCase, name.utf8.first != UInt8(ascii: "_"), name.utf8.contains(UInt8(ascii: "_")) else {
            return name
        }
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(into: String(words[0])) { result, word in
            result += word.prefix(1).uppercased() + word.dropFirst()
        }
    }
}

extension WireNames {
    // Google's SDK takes its words in any case, and the API does not.

    /// The settings of a request, flat as in Google's SDK; `labels` and `responseJsonSchema` are the user's.
    static let config = WireNames.members([
        "audioTranscriptionConfig": .all(),
        "imageConfig": .all(),
        "mediaResolution": .capitals,
        "modelArmorConfig": .all(),
        "modelConfig": .all(),
        "outputConfig": .all(),
        // The `schema` in it is a JSON Schema.
        "responseFormat": .members(["text": .members([:])]),
        "responseModalities": .capitals,
        "responseSchema": .schema,
        "routingConfig": .all(),
        "safetySettings": .all(except: ["category": .capitals, "method": .capitals, "threshold": .capitals]),
        "serviceTier": .smallLetters,
        "speechConfig": .all(),
        "systemInstruction": .members(["parts": part]),
        "thinkingConfig": .all(except: ["thinkingLevel": .capitals]),
        "toolConfig": .all(except: ["functionCallingConfig": .all(except: ["mode": .capitals])]),
        "tools": tool,
    ])

    static let tool = WireNames.members([
        "codeExecution": .all(),
        "computerUse": .all(),
        "enterpriseWebSearch": .all(),
        "exaAiSearch": .all(),
        "fileSearch": .all(),
        "functionDeclarations": .members(["behavior": .capitals, "parameters": .schema, "response": .schema]),
        "googleMaps": .all(),
        "googleSearch": .all(),
        "googleSearchRetrieval": .all(),
        // The `headers` of the transport are the user's.
        "mcpServers": .members(["streamableHttpTransport": .members([:])]),
        "parallelAiSearch": .all(),
        "retrieval": .all(),
        "urlContext": .all(),
    ])

    static let part = WireNames.members([
        "codeExecutionResult": .all(),
        "executableCode": .all(),
        "fileData": .all(),
        // `args` and `response` are the user's.
        "functionCall": .members([:]),
        "functionResponse": .members([:]),
        "inlineData": .all(),
        "mediaResolution": .all(except: ["level": .capitals]),
        "toolCall": .members([:]),
        "toolResponse": .members([:]),
        "videoMetadata": .all(),
    ])

    /// Not among them: `const`, `default`, `enum` and `example` hold the user's values.
    private static let schemaMembers: [String: WireNames] = [
        "$defs": .values(.schema), "additionalProperties": .schema, "anyOf": .schema, "items": .schema,
        "properties": .values(.schema), "type": .capitals,
    ]
}
