internal import JSON
internal import Mustache

/// The variables that a template sees: layers of fields, of which the first that has a name counts.
struct TemplateScope {
    var layers: [JSONObject]
    /// Whether other rows may have fields that this one lacks, as in JSON Lines: then `{{#field}}` asks, and is no error.
    var isOpen = false

    subscript(name: String) -> JSONValue? {
        for layer in layers {
            if let value = layer[name] { return value }
        }
        return nil
    }

    /// All names, for suggestions.
    var names: [String] {
        layers.flatMap(\.keys)
    }
}

/// Gives the variables to Mustache.
struct TemplateRoot: MustacheParent {
    private let scope: TemplateScope

    init(_ scope: TemplateScope) {
        self.scope = scope
    }

    func child(named name: String) -> Any? {
        scope[TemplateName.decode(name)].map(mustacheValue)
    }
}

/// A JSON value as swift-mustache wants it.
private func mustacheValue(_ value: JSONValue) -> Any {
    switch value {
    case .null: TemplateNull()
    case .bool(let value): value
    case .number(let number): number.countable ?? number.digits
    case .string(let text): text
    case .array(let elements): TemplateList(elements: elements)
    case .object(let members): TemplateObject(members: members)
    }
}

extension JSONNumber {
    /// The number if it is an integer that arithmetic cannot overflow, and is written as one.
    fileprivate var countable: Int? {
        guard let number = Int(digits), abs(number) < 1 << 53, String(number) == digits else { return nil }
        return number
    }
}

private struct TemplateNull: MustacheCustomRenderable, MustacheParent {
    var renderText: String { "" }
    var isNull: Bool { true }

    func child(named name: String) -> Any? { nil }
}

private struct TemplateObject: MustacheCustomRenderable, MustacheParent, MustacheTransformable {
    let members: JSONObject

    var renderText: String { JSONValue.object(members).text }
    var isNull: Bool { false }

    func child(named name: String) -> Any? {
        members[TemplateName.decode(name)].map(mustacheValue)
    }

    func transform(_ name: String) -> Any? {
        TemplateFunction.apply(name, to: .object(members)).map(mustacheValue)
    }
}

private struct TemplateList: MustacheCustomRenderable, MustacheParent, MustacheSequence, MustacheTransformable {
    let elements: [JSONValue]

    var renderText: String { JSONValue.array(elements).text }
    var isNull: Bool { false }

    func makeIterator() -> AnyIterator<Any> {
        var iterator = elements.makeIterator()
        return AnyIterator { iterator.next().map(mustacheValue) }
    }

    func child(named name: String) -> Any? { nil }

    func transform(_ name: String) -> Any? {
        TemplateFunction.apply(name, to: .array(elements)).map(mustacheValue)
    }
}

/// The functions of swift-mustache on JSON values; on text and numbers it brings its own, with the same results.
enum TemplateFunction {
    /// - Returns: `nil` if the function has no meaning for such a value.
    static func apply(_ name: String, to value: JSONValue) -> JSONValue? {
        switch value {
        case .array(let elements): apply(name, to: elements)
        case .object(let members):
            switch name {
            case "count": .number(JSONNumber(members.count))
            case "empty": .bool(members.isEmpty)
            default: nil
            }
        case .number(let number):
            if let number = number.countable {
                apply(name, to: number)
            } else {
                apply(name, to: number.digits)
            }
        case .string(let text): apply(name, to: text)
        case .null, .bool: nil
        }
    }

    private static func apply(_ name: String, to elements: [JSONValue]) -> JSONValue? {
        switch name {
        case "count": .number(JSONNumber(elements.count))
        case "empty": .bool(elements.isEmpty)
        case "first": elements.first ?? .null
        case "last": elements.last ?? .null
        case "reversed": .array(elements.reversed())
        default: nil
        }
    }

    private static func apply(_ name: String, to number: Int) -> JSONValue? {
        switch name {
        case "plusone": .number(JSONNumber(number + 1))
        case "minusone": .number(JSONNumber(number - 1))
        case "even": .bool(number & 1 == 0)
        case "odd": .bool(number & 1 == 1)
        case "equalzero": .bool(number == 0)
        default: nil
        }
    }

    private static func apply(_ name: String, to text: String) -> JSONValue? {
        switch name {
        case "empty": .bool(text.isEmpty)
        // The words themselves are swift-mustache's; here it matters only that there are some.
        case "capitalized", "lowercased", "uppercased", "reversed": .string(text)
        default: nil
        }
    }
}
