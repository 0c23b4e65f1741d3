import JSON

/// Reads a request as strictly as the API does: everything wrong with its fields is found in one go.
struct RequestParser {
    private var violations: [APIError.Violation] = []
    private var request: GenerateRequest
    private let generation: ModelGeneration

    private init(target: Route.Target) {
        request = GenerateRequest(target: target)
        generation = ModelGeneration(model: target.model)
    }

    /// Reads the body of `generateContent` and `streamGenerateContent`.
    static func parse(_ body: JSONValue, for target: Route.Target) throws(APIError) -> GenerateRequest {
        var parser = RequestParser(target: target)
        try parser.read(body, allowing: topLevel)
        return parser.request
    }

    /// Reads the body of `countTokens`, which may hold a whole generation request.
    static func parseCount(_ body: JSONValue, for target: Route.Target) throws(APIError) -> GenerateRequest {
        let members = body.object ?? [:]
        if let inner = members["generateContentRequest"] ?? members["generate_content_request"] {
            return try parse(inner, for: target)
        }
        var parser = RequestParser(target: target)
        try parser.read(body, allowing: target.isVertex ? topLevel : ["contents"])
        return parser.request
    }

    private mutating func read(_ body: JSONValue, allowing names: Set<String>) throws(APIError) {
        guard case .object(let members) = body else {
            throw .badRequest([
                APIError.Violation(field: "", description: "Invalid JSON payload received. Expected an object.")
            ])
        }
        for member in members {
            let name = FieldName.camel(member.name)
            guard names.contains(name) else {
                reportUnknown(member.name, at: "")
                continue
            }
            switch name {
            case "contents": readContents(member.value)
            case "systemInstruction": readSystemInstruction(member.value)
            case "generationConfig": readOptions(member.value)
            case "continuationToken": readContinuation(member.value)
            default: break
            }
        }
        guard violations.isEmpty else { throw .badRequest(violations) }
        try checkTurns()
    }

    // MARK: Contents

    private mutating func readContents(_ value: JSONValue) {
        // Proto3 JSON takes one message where a list is expected.
        let elements = value.array ?? (value.object == nil ? [] : [value])
        for (index, element) in elements.enumerated() {
            let path = "contents[\(index)]"
            var turn = GenerateRequest.Turn(role: .user)
            readContent(element, at: path, into: &turn, role: { Self.roles[$0] })
            request.turns.append(turn)
        }
    }

    private mutating func readSystemInstruction(_ value: JSONValue) {
        var turn = GenerateRequest.Turn(role: .user)
        readContent(value, at: "system_instruction", into: &turn, role: { _ in .user })
        request.systemInstruction = turn.text
    }

    private mutating func readContinuation(_ value: JSONValue) {
        request.continuation = value.string.flatMap { ContinuationToken($0) }
        if request.continuation == nil {
            report("Continuation token is not valid for this request.", "continuation_token")
        }
    }

    private mutating func readContent(
        _ value: JSONValue,
        at path: String,
        into turn: inout GenerateRequest.Turn,
        role: (String) -> GenerateRequest.Role?
    ) {
        guard case .object(let members) = value else {
            return report("Invalid value at '\(path)' (type.googleapis.com/google.ai.generativelanguage.Content)", path)
        }
        var parts = 0
        for member in members {
            switch FieldName.camel(member.name) {
            case "role":
                guard let known = role(member.value.string ?? "") else {
                    report("Please use a valid role: user, model.", "\(path).role")
                    continue
                }
                turn.role = known
            case "parts":
                let elements = member.value.array ?? (member.value.object == nil ? [] : [member.value])
                parts = elements.count
                for (index, element) in elements.enumerated() {
                    readPart(element, at: "\(path).parts[\(index)]", into: &turn)
                }
            default:
                reportUnknown(member.name, at: path)
            }
        }
        if parts == 0 {
            report("* GenerateContentRequest.\(path).parts: contents.parts must not be empty.", "\(path).parts")
        }
    }

    private mutating func readPart(_ value: JSONValue, at path: String, into turn: inout GenerateRequest.Turn) {
        guard case .object(let members) = value else {
            return report("Invalid value at '\(path)' (type.googleapis.com/google.ai.generativelanguage.Part)", path)
        }
        var dataMembers = 0
        var medium: GenerateRequest.Media?
        var resolution: String?
        for member in members {
            let name = FieldName.camel(member.name)
            switch name {
            case "text":
                guard let text = member.value.string else {
                    report("Invalid value at '\(path).text' (TYPE_STRING), \(member.value.text)", "\(path).text")
                    continue
                }
                turn.text += turn.text.isEmpty ? text : "\n" + text
            case "inlineData": medium = readInlineData(member.value, at: "\(path).inline_data")
            case "fileData": medium = readFileData(member.value, at: "\(path).file_data")
            case "mediaResolution": resolution = member.value["level"]?.string
            case _ where Self.otherData.contains(name): turn.text += member.value.text
            case _ where Self.modifiers.contains(name): continue
            default:
                reportUnknown(member.name, at: path)
                continue
            }
            dataMembers += name == "mediaResolution" ? 0 : 1
        }
        if dataMembers != 1 {
            let field = "\(path).data"
            report(
                "* GenerateContentRequest.\(field): required oneof field 'data' must have one initialized field",
                field
            )
        }
        if var medium {
            medium.resolution = resolution
            turn.media.append(medium)
        }
    }

    private mutating func readInlineData(_ value: JSONValue, at path: String) -> GenerateRequest.Media? {
        let members = named(value)
        guard let mimeType = members["mimeType"]?.string, !mimeType.isEmpty else {
            report("Unable to determine MIME type: mime_type is missing at '\(path)'.", "\(path).mime_type")
            return nil
        }
        guard let data = members["data"]?.string, let digest = Base64Digest(of: data) else {
            report("Invalid value at '\(path).data' (TYPE_BYTES), Base64 decoding failed.", "\(path).data")
            return nil
        }
        return GenerateRequest.Media(uri: nil, mimeType: mimeType, digest: digest)
    }

    private mutating func readFileData(_ value: JSONValue, at path: String) -> GenerateRequest.Media? {
        let members = named(value)
        let uri = members["fileUri"]?.string ?? ""
        guard uri.hasPrefix("https://") || uri.hasPrefix("gs://") else {
            report("Invalid or unsupported file uri: \(uri)", "\(path).file_uri")
            return nil
        }
        let mimeType = members["mimeType"]?.string ?? ""
        guard !mimeType.isEmpty || uri.hasPrefix("https://") else {
            report(
                "Unable to determine MIME type of \(uri): mime_type is required for gs:// URIs.",
                "\(path).mime_type"
            )
            return nil
        }
        return GenerateRequest.Media(uri: uri, mimeType: mimeType.isEmpty ? "image/jpeg" : mimeType, digest: nil)
    }

    // MARK: Options

    private mutating func readOptions(_ value: JSONValue) {
        for member in value.object ?? [:] {
            let name = FieldName.camel(member.name)
            let path = "generation_config.\(FieldName.snake(name))"
            guard Self.generationConfig.contains(name) else {
                reportUnknown(member.name, at: "generation_config")
                continue
            }
            switch name {
            case "temperature", "topP", "topK", "presencePenalty", "frequencyPenalty":
                guard member.value.double != nil else {
                    report("Invalid value at '\(path)' (TYPE_FLOAT), \(member.value.text)", path)
                    continue
                }
                if name.hasSuffix("Penalty"), generation.isStrict {
                    report("Penalty is not enabled for this model.", path)
                }
            case "maxOutputTokens":
                guard let tokens = member.value.int64, tokens > 0 else {
                    report("max_output_tokens must be positive.", path)
                    continue
                }
                request.options.maxOutputTokens = Int(clamping: tokens)
            case "candidateCount":
                if member.value.int64 != 1 {
                    report("Multiple candidates is not enabled for this model", path)
                }
            case "stopSequences": request.options.stopSequences = member.value.array?.compactMap(\.string) ?? []
            case "responseMimeType": request.options.responseMIMEType = member.value.string ?? "text/plain"
            case "responseSchema", "responseJsonSchema": request.options.schema = member.value
            case "mediaResolution": request.options.mediaResolution = member.value.string
            case "thinkingConfig": readThinking(member.value, at: path)
            default: break
            }
        }
    }

    private mutating func readThinking(_ value: JSONValue, at path: String) {
        let members = named(value)
        request.options.includeThoughts = members["includeThoughts"]?.bool ?? false
        if members["thinkingLevel"] != nil, generation.isBeforeThinkingLevels {
            report("Thinking level is not supported for this model.", path)
        }
        if members["thinkingLevel"] != nil, members["thinkingBudget"] != nil {
            report("You can only set only one of thinking budget and thinking level.", path)
        }
    }

    private func checkTurns() throws(APIError) {
        guard let last = request.turns.last else {
            let field = "contents"
            let description = "* GenerateContentRequest.\(field): contents is not specified"
            throw .badRequest([APIError.Violation(field: field, description: description)])
        }
        if last.role == .model, generation.isStrict {
            throw .invalidArgument("Requests ending with a model turn are not supported.")
        }
        let schemaTypes = ["application/json", "text/x.enum"]
        if request.options.schema != nil, !schemaTypes.contains(request.options.responseMIMEType) {
            throw .invalidArgument("Response schema is only supported with mime type application/json or text/x.enum.")
        }
    }

    // MARK: Complaints

    private func named(_ value: JSONValue) -> JSONObject {
        JSONObject((value.object ?? [:]).map { (name: FieldName.camel($0.name), value: $0.value) })
    }

    private mutating func report(_ description: String, _ field: String) {
        violations.append(APIError.Violation(field: field, description: description))
    }

    private mutating func reportUnknown(_ name: String, at path: String) {
        let place = path.isEmpty ? "" : " at '\(path)'"
        report("Invalid JSON payload received. Unknown name \"\(name)\"\(place): Cannot find field.", path)
    }

    // MARK: Known names

    private static let roles: [String: GenerateRequest.Role] = ["user": .user, "model": .model, "": .user]

    private static let topLevel: Set<String> = [
        "contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig", "cachedContent",
        "serviceTier", "continuationToken", "labels", "store", "modelArmorConfig", "outputConfig", "model",
    ]

    private static let otherData: Set<String> = [
        "functionCall", "functionResponse", "executableCode", "codeExecutionResult", "toolCall", "toolResponse",
    ]

    private static let modifiers: Set<String> = [
        "thought", "thoughtSignature", "videoMetadata", "partMetadata", "mediaProcessing", "speechMetadata",
        "audioMetadata", "documentMetadata", "spreadsheetMetadata", "audioTranscription",
    ]

    private static let generationConfig: Set<String> = [
        "temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences", "presencePenalty",
        "frequencyPenalty", "seed", "responseLogprobs", "logprobs", "responseMimeType", "responseSchema",
        "responseJsonSchema", "responseFormat", "responseModalities", "mediaResolution", "thinkingConfig",
        "speechConfig", "imageConfig", "audioTimestamp", "audioTranscriptionConfig", "routingConfig", "modelConfig",
        "enableEnhancedCivicAnswers",
    ]
}
