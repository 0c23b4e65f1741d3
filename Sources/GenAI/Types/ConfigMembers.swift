internal import JSON

/// What becomes of the settings of Google's SDK on the wire.
enum ConfigMembers {
    /// Members of the request itself; everything else belongs into its `generationConfig`.
    static let ofRequest: Set<String> = [
        "cachedContent", "continuationToken", "labels", "modelArmorConfig", "outputConfig", "safetySettings",
        "serviceTier", "store", "systemInstruction", "toolConfig", "tools",
    ]

    /// Settings that steer Google's SDK itself, and mean nothing to the server.
    private static let ofSDK: Set<String> = ["automaticFunctionCalling", "shouldReturnHttpResponse"]

    /// The name on the wire of a setting.
    static func name(_ name: String) -> String {
        let name = WireNames.camelCase(name)
        // The only one that the SDK renames.
        return name == "modelSelectionConfig" ? "modelConfig" : name
    }

    /// A setting as it is sent; `nil` if it says nothing.
    static func value(_ value: JSONValue, of name: String) -> JSONValue? {
        let name = self.name(name)
        guard value != .null, !ofSDK.contains(name) else { return nil }
        let renamed = WireNames.config.applied(to: .object([name: whole(value, of: name)]))[name] ?? value
        switch name {
        case "imageConfig": return imageConfig(renamed)
        case "responseSchema": return renamed.object.map { .object(SchemaNormalization.of($0)) } ?? renamed
        default: return renamed
        }
    }

    /// A setting that Google's SDK takes in a short form too.
    private static func whole(_ value: JSONValue, of name: String) -> JSONValue {
        switch (name, value) {
        case ("systemInstruction", _): instruction(value)
        case ("speechConfig", .string(let voice)): .object(SpeechConfig(voiceName: voice).json)
        default: value
        }
    }

    /// The SDK takes a text, a part, a list of both, or a whole content.
    private static func instruction(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): ["parts": .array(elements.map(part))]
        case .object(let object) where object["parts"] == nil: ["parts": [value]]
        default: value
        }
    }

    private static func part(_ value: JSONValue) -> JSONValue {
        value.string == nil ? value : ["text": value]
    }

    /// The SDK writes flat what is an object of its own on the wire.
    private static func imageConfig(_ value: JSONValue) -> JSONValue {
        guard var config = value.object else { return value }
        for (flat, name) in [("outputMimeType", "mimeType"), ("outputCompressionQuality", "compressionQuality")] {
            guard let option = config[flat] else { continue }
            config[flat] = nil
            config[["imageOutputOptions", name]] = option
        }
        return .object(config)
    }

    /// Tools with the function declarations of all entries in one, the last, as the SDK sends them.
    ///
    /// Servers want declarations in one entry, and one kind of tool in each.
    static func collectingFunctions(_ tools: JSONValue) -> JSONValue {
        guard let entries = tools.array else { return tools }
        var declarations: [JSONValue]?
        var others: [JSONValue] = []
        for entry in entries {
            guard var tool = entry.object, let functions = tool["functionDeclarations"]?.array else {
                others.append(entry)
                continue
            }
            declarations = (declarations ?? []) + functions
            tool["functionDeclarations"] = nil
            if !tool.isEmpty {
                others.append(.object(tool))
            }
        }
        return .array(others + (declarations.map { [["functionDeclarations": .array($0)]] } ?? []))
    }
}

extension GenerateContentConfig {
    /// Writes the settings as members of a request.
    func write(to writer: inout JSONWriter) {
        for member in requestMembers {
            writer.key(named: member.name)
            writer.write(member.value)
        }
    }

    private var requestMembers: JSONObject {
        var members = JSONObject()
        for member in json where ConfigMembers.ofRequest.contains(member.name) {
            switch (member.name, member.value) {
            case ("systemInstruction", .string):
                members[member.name] = ["parts": [["text": member.value]]]
            case ("tools", let tools):
                members[member.name] = ConfigMembers.collectingFunctions(tools)
            case (_, let value):
                members[member.name] = value
            }
        }
        let generation = JSONObject(json.filter { !ConfigMembers.ofRequest.contains($0.name) })
        if !generation.isEmpty {
            members["generationConfig"] = .object(generation)
        }
        return Self.laying(extraBody, over: members)
    }

    /// Objects are merged, whatever else is replaced.
    private static func laying(_ other: JSONObject, over object: JSONObject) -> JSONObject {
        other.reduce(into: object) { result, member in
            if let inner = member.value.object, let earlier = result[object: member.name] {
                result[member.name] = .object(laying(inner, over: earlier))
            } else {
                result[member.name] = member.value
            }
        }
    }
}
