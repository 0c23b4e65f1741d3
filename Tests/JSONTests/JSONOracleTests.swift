import Foundation
import JSON
import TestSupport
import Testing

/// Foundation's decoder as the judge.
///
/// Known differences, all wanted: we repair invalid UTF-8 and lone surrogates where Foundation refuses them, keep
/// numbers that no `Double` holds, stop at a depth of 100 instead of 512, and take neither a byte-order mark nor
/// other encodings than UTF-8.
@Suite("JSON beside Foundation's")
struct JSONOracleTests {
    /// A value as Foundation sees it.
    private enum Oracle: Decodable {
        case null
        case bool(Bool)
        case number(Double)
        case string(String)
        case array([Oracle])
        case object([String: Oracle])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .string(value)
            } else if let value = try? container.decode([Oracle].self) {
                self = .array(value)
            } else {
                self = .object(try container.decode([String: Oracle].self))
            }
        }

        func agrees(with value: JSONValue) -> Bool {
            switch (self, value) {
            case (.null, .null): true
            case (.bool(let left), .bool(let right)): left == right
            case (.number(let left), .number(let right)): left == right.double
            case (.string(let left), .string(let right)): left.unicodeScalars.elementsEqual(right.unicodeScalars)
            case (.array(let left), .array(let right)):
                left.count == right.count && zip(left, right).allSatisfy { $0.agrees(with: $1) }
            case (.object(let left), .object(let right)):
                left.count == right.count && left.allSatisfy { name, value in right[name].map(value.agrees) ?? false }
            default: false
            }
        }
    }

    @Test("valid documents mean the same")
    func validDocuments() throws {
        var generator = JSONTextGenerator(seed: 3)
        for _ in 0..<1500 {
            let text = generator.document()
            let oracle = try JSONDecoder().decode(Oracle.self, from: Data(text.utf8))
            #expect(oracle.agrees(with: try JSONValue(parsing: text)), "\(text)")
        }
    }

    @Test("mutated documents are accepted or refused alike, and mean the same")
    func mutatedDocuments() {
        var generator = JSONTextGenerator(seed: 4)
        var accepted = 0
        for _ in 0..<4000 {
            let bytes = generator.mutated(generator.document())
            guard String(validating: bytes, as: UTF8.self) != nil, !bytes.prefix(4).contains(0) else { continue }
            let ours = try? JSONValue(parsing: bytes)
            let oracle = try? JSONDecoder().decode(Oracle.self, from: Data(bytes))
            if let ours, ours.hasLoneSurrogateOrHugeNumber || ours.hasDuplicates { continue }
            #expect((ours == nil) == (oracle == nil), "\(String(decoding: bytes, as: UTF8.self))")
            if let ours, let oracle {
                #expect(oracle.agrees(with: ours), "\(String(decoding: bytes, as: UTF8.self))")
                accepted += 1
            }
        }
        #expect(accepted > 300)
    }

    @Test("what we write, Foundation reads")
    func written() throws {
        var generator = JSONTextGenerator(seed: 5)
        for _ in 0..<500 {
            let value = try JSONValue(parsing: generator.document())
            let oracle = try JSONDecoder().decode(Oracle.self, from: Data(value.canonicalText.utf8))
            #expect(oracle.agrees(with: value))
        }
    }
}

extension JSONValue {
    fileprivate var hasDuplicates: Bool {
        switch self {
        case .array(let elements): elements.contains(where: \.hasDuplicates)
        case .object(let members):
            Set(members.keys).count < members.count || members.contains { $0.value.hasDuplicates }
        default: false
        }
    }

    /// Whether one of the wanted differences applies.
    fileprivate var hasLoneSurrogateOrHugeNumber: Bool {
        switch self {
        case .string(let text): text.unicodeScalars.contains("\u{FFFD}")
        case .number(let number): number.double?.isFinite != true
        case .array(let elements): elements.contains { $0.hasLoneSurrogateOrHugeNumber }
        case .object(let members):
            members.contains { member in
                member.name.unicodeScalars.contains("\u{FFFD}") || member.value.hasLoneSurrogateOrHugeNumber
            }
        default: false
        }
    }
}
