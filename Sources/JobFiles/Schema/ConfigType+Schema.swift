internal import BatchCore
internal import JSON

extension ConfigType {
    /// The schema of values of this type, to stand at a place that its references to itself name: a JSON Pointer as a
    /// fragment.
    func schema(at pointer: String) -> SchemaPart {
        switch self {
        case .number(let minimum, let maximum, let includesMaximum):
            var object: JSONObject = ["type": "number"]
            if minimum.isFinite {
                object["minimum"] = .number(JSONNumber(minimum))
            }
            if maximum.isFinite {
                object[includesMaximum ? "maximum" : "exclusiveMaximum"] = .number(JSONNumber(maximum))
            }
            return SchemaPart(object)
        case .integer(let range): return .integer(range)
        case .bool: return .bool
        case .text: return .text
        case .word(let words, _):
            // Taken in any case; these two are the usual ones.
            return .words(words + words.map { $0.lowercased() }.filter { !words.contains($0) })
        case .list(let element, let maximum):
            var part = SchemaPart.list(element.schema(at: "\(pointer)/items"), atLeast: nil)
            part.object["maxItems"] = maximum.map { .number(JSONNumber($0)) }
            return part
        case .object(let members): return Self.mapping(members, at: pointer)
        case .open(let members):
            var part = Self.mapping(members, at: pointer)
            part.object["additionalProperties"] = true
            return part
        case .textOr(let members): return .any(of: .text, Self.mapping(members, at: "\(pointer)/anyOf/1"))
        case .named(let element):
            let part = element.schema(at: "\(pointer)/additionalProperties")
            return SchemaPart(["type": "object", "additionalProperties": part.value])
        case .schema: return .reference("answer_schema")
        case .json: return SchemaPart(["type": "object"])
        case .any: return SchemaPart([:])
        case .only(let backend, let type):
            return type.schema(at: pointer).saying("Only with backend: \(backend.rawValue).")
        case .refused: return SchemaPart(["not": [:]])
        }
    }

    /// Whether its values are written as one word, as the axes of a matrix must be.
    var isScalar: Bool {
        switch self {
        case .number, .integer, .bool, .text, .word, .textOr: true
        case .only(_, let type): type.isScalar
        case .list, .object, .open, .named, .schema, .json, .any, .refused: false
        }
    }

    /// A name as Google's Python SDK writes it, and as the API does where that is different.
    static func spellings(of name: String) -> [String] {
        let words = name.split(separator: "_")
        let other = words.dropFirst().reduce(String(words[0])) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
        return other == name ? [name] : [name, other]
    }

    private static func mapping(_ members: [String: ConfigType], at pointer: String) -> SchemaPart {
        var properties: [String: SchemaPart] = [:]
        var keys: [String] = []
        for (name, type) in members.sorted(by: { $0.key < $1.key }) where !type.isRefused {
            for spelling in spellings(of: name) {
                keys.append(spelling)
                let place = "\(pointer)/properties/\(name)"
                properties[spelling] =
                    spelling == name ? type.schema(at: place) : SchemaPart(["$ref": .string(place)])
            }
        }
        return .mapping(keys, properties)
    }

    private var isRefused: Bool {
        guard case .refused = self else { return false }
        return true
    }
}
