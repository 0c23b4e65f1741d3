internal import JSON

/// A member of a request that only one backend has.
private struct Exclusive {
    /// Names below the settings, or below a part; lists on the way are looked through.
    let path: [String]
    let backend: BackendKind
    var advice: String?

    init(_ path: String, _ backend: BackendKind, advice: String? = nil) {
        self.path = path.split(separator: ".").map(String.init)
        self.backend = backend
        self.advice = advice
    }

    static let settings = [
        Exclusive("audioTimestamp", .vertex),
        Exclusive("enableEnhancedCivicAnswers", .geminiAPI),
        Exclusive("imageConfig.imageOutputOptions", .vertex),
        Exclusive("imageConfig.personGeneration", .vertex),
        Exclusive("imageConfig.prominentPeople", .vertex),
        Exclusive("modelArmorConfig", .vertex),
        Exclusive("modelConfig", .vertex),
        Exclusive("outputConfig", .vertex),
        Exclusive(
            "responseFormat",
            .vertex,
            advice: "say the same with responseMimeType and responseSchema or responseJsonSchema"
        ),
        Exclusive("routingConfig", .vertex),
        Exclusive("safetySettings.method", .vertex),
        Exclusive("store", .geminiAPI),
        Exclusive("toolConfig.functionCallingConfig.streamFunctionCallArguments", .vertex),
        Exclusive("toolConfig.includeServerSideToolInvocations", .geminiAPI),
        Exclusive("tools.enterpriseWebSearch", .vertex),
        Exclusive("tools.exaAiSearch", .vertex),
        Exclusive("tools.fileSearch", .geminiAPI),
        Exclusive("tools.googleSearch.blockingConfidence", .vertex),
        Exclusive("tools.googleSearch.excludeDomains", .vertex),
        Exclusive("tools.mcpServers", .geminiAPI),
        Exclusive("tools.parallelAiSearch", .vertex),
        Exclusive("tools.retrieval", .vertex),
    ]

    static let partMembers = [
        Exclusive("partMetadata", .geminiAPI),
        Exclusive("toolCall", .geminiAPI),
        Exclusive("toolResponse", .geminiAPI),
    ]

    /// Whether an object has the member.
    func occurs(in object: JSONObject) -> Bool {
        Self.occurs(path[...], in: .object(object))
    }

    private static func occurs(_ path: ArraySlice<String>, in value: JSONValue) -> Bool {
        guard let name = path.first else { return value != .null }
        switch value {
        case .array(let elements): return elements.contains { occurs(path, in: $0) }
        case .object(let object): return object[name].map { occurs(path.dropFirst(), in: $0) } ?? false
        default: return false
        }
    }

    func error(_ what: String) -> GenAIError {
        let other = backend == .vertex ? BackendKind.geminiAPI : .vertex
        return .invalidCall(
            "\(what) \"\(path.joined(separator: "."))\" works only on \(backend.words), and this client calls "
                + "\(other.words); \(advice.map { "remove it: \($0)" } ?? "remove it, or use \(backend.words)")"
        )
    }
}

extension BackendKind {
    fileprivate var words: String {
        switch self {
        case .geminiAPI: "the Gemini API"
        case .vertex: "Vertex AI"
        }
    }
}

extension GenerateContentConfig {
    /// Makes sure that a backend has every setting, and that none excludes another.
    ///
    /// - Parameter backend: Where the request goes.
    /// - Throws: ``GenAIError/invalidCall(_:)`` with the setting and what to do.
    package func check(for backend: BackendKind) throws(GenAIError) {
        if json.isEmpty, extraBody.isEmpty { return }
        if let setting = Exclusive.settings.first(where: { $0.backend != backend && $0.occurs(in: json) }) {
            throw setting.error("the setting")
        }
        if backend == .geminiAPI,
            let category = safetySettings?.compactMap(\.category).first(where: \.isOnVertexAlone)
        {
            throw Exclusive(category.rawValue, .vertex).error("the safety setting for")
        }
        if let instruction = json["systemInstruction"] {
            try Content(wire: instruction).check(for: backend)
        }
        if schemas.contains(where: { $0.has("$ref") }) {
            throw .invalidCall(
                "a schema has a \"$ref\" that cannot be replaced by what it refers to; write it out, or give a standard "
                    + "JSON Schema instead (responseJsonSchema, parametersJsonSchema)"
            )
        }
        if backend == .geminiAPI, schemas.contains(where: { $0.has("additionalProperties") }) {
            throw .invalidCall(
                "\"additionalProperties\" in a schema works only on Vertex AI, and this client calls the Gemini API; "
                    + "give a standard JSON Schema instead (responseJsonSchema, parametersJsonSchema)"
            )
        }
        try checkConflicts()
    }

    private func checkConflicts() throws(GenAIError) {
        if json["httpOptions"] != nil {
            throw .invalidCall(
                "\"httpOptions\" belong to the client and not to one request; give them to Client(options:) as HTTPOptions"
            )
        }
        if let name = ["contents", "continuationToken"].first(where: { extraBody[$0] != nil }) {
            throw .invalidCall(
                "\"\(name)\" cannot be given in extraBody; remove it there, and give it to the call or the config"
            )
        }
        if json["cachedContent"] != nil,
            let name = ["systemInstruction", "tools", "toolConfig"].first(where: { json[$0] != nil })
        {
            throw .invalidCall("\"cachedContent\" excludes \"\(name)\"; put it into the cache when that is made")
        }
        try exclude("modelArmorConfig", "safetySettings", in: json)
        try exclude("responseSchema", "responseJsonSchema", in: json)
        try exclude("thinkingLevel", "thinkingBudget", in: json[object: "thinkingConfig"] ?? [:])
    }

    private func exclude(_ one: String, _ other: String, in object: JSONObject) throws(GenAIError) {
        if object[one] != nil, object[other] != nil {
            throw .invalidCall("\"\(one)\" and \"\(other)\" exclude each other; remove one")
        }
    }

    private var schemas: [Schema] {
        let functions = (tools ?? []).flatMap(\.functionDeclarations)
        return ([responseSchema] + functions.flatMap { [$0.parameters, $0.response] }).compactMap { $0 }
    }
}

extension Schema {
    /// Whether the schema, or one inside it, has a member.
    fileprivate func has(_ member: String) -> Bool {
        if json[member] != nil { return true }
        let properties = (json[object: "properties"] ?? [:]).compactMap(\.value.object).map(Schema.init(json:))
        let inner = [items].compactMap { $0 } + (json[views: "anyOf"] ?? []) + properties
        return inner.contains { $0.has(member) }
    }
}

extension Part {
    /// Makes sure that a backend has every member.
    ///
    /// - Parameter backend: Where the request goes.
    /// - Throws: ``GenAIError/invalidCall(_:)`` with the member and what to do.
    package func check(for backend: BackendKind) throws(GenAIError) {
        if let member = Exclusive.partMembers.first(where: { $0.backend != backend && $0.occurs(in: json) }) {
            throw member.error("the part's")
        }
        if let uri = fileData?.uri {
            try Self.check(uri, for: backend)
        }
    }

    // The addresses themselves may hold signatures, so they are not shown.
    private static func check(_ uri: String, for backend: BackendKind) throws(GenAIError) {
        if backend == .vertex, uri.hasPrefix("https://generativelanguage.googleapis.com/") {
            throw .invalidCall(
                "a part refers to a file of the Files API, which only the Gemini API can read, and this client calls Vertex "
                    + "AI; put the file into Cloud Storage (gs://), or send the bytes themselves"
            )
        }
        if MediaAddress.hasScheme("http", uri) {
            throw .invalidCall(
                "a part refers to a plain http:// address, from which no server fetches; use https:// or gs://, or send "
                    + "the bytes themselves"
            )
        }
        if MediaAddress.hasScheme("data", uri) {
            throw .invalidCall(
                "a part's data: address cannot be decoded, or was not; give it to Part.uri, or send the bytes"
            )
        }
    }
}

extension Content {
    fileprivate func check(for backend: BackendKind) throws(GenAIError) {
        for part in parts {
            try part.check(for: backend)
        }
    }
}

extension HarmCategory {
    fileprivate var isOnVertexAlone: Bool {
        self == .jailbreak || rawValue.hasPrefix("HARM_CATEGORY_IMAGE_")
    }
}

extension GenerateCall {
    /// Makes sure that there is something to send, and that a backend has everything that the call asks for.
    ///
    /// - Parameter backend: Where the call goes.
    /// - Throws: ``GenAIError/invalidCall(_:)`` with the first thing that is missing.
    package func check(for backend: BackendKind) throws(GenAIError) {
        guard !contents.isEmpty else { throw .invalidCall("there are no contents to send") }
        try config.check(for: backend)
        for content in contents {
            try content.check(for: backend)
        }
    }
}
