import Foundation
import JSON
import Testing

@testable import BatchCore
@testable import Terminal

/// docs/events.md against what is really written.
@Suite struct EventsDocumentTests {
    private struct Section {
        var type: String
        var documented: Set<String> = []
        var examples: [JSONValue] = []
    }

    /// The sections of the page: each has a table of members and at least one example.
    private static func sections() throws -> [Section] {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../docs/events.md"
        )
        var sections: [Section] = []
        var isExample = false
        for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("```") {
                isExample = line == "```json"
            } else if isExample {
                sections[sections.count - 1].examples.append(try JSONValue(parsing: String(line)))
            } else if line.hasPrefix("## `") {
                sections.append(Section(type: String(line.dropFirst(4).dropLast())))
            } else if line.hasPrefix("| `") {
                let names = line.split(separator: "|")[0].split(separator: "`").enumerated()
                sections[sections.count - 1].documented.formUnion(
                    names.filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
                )
            }
        }
        return sections
    }

    /// One line of every type, as the writer writes it.
    private static func written() throws -> [String: JSONValue] {
        var encoder = EventEncoder()
        var model = ProgressModel(startedAt: .zero)
        let meter = StreamMeter()
        model.apply(.started(1, meter: meter), at: .zero)
        meter.add(textBytes: 4, outputTokens: nil)
        let snapshot = model.snapshot(at: .zero, describing: 0)
        var summary = RunSummary()
        summary.failuresByClass = [.invalidRequest: 1]
        summary.closedModels = ["gemini-3.8-flash": GenerationError(.rateDay, "spent")]
        summary.balance = ItemBalance([.done: 1])
        let events: [RunEvent] = [
            .planned(new: 1), .started(1), .retried(1), .done(1), .failed(1),
            .itemDeferred(ItemID(1), key: "k", reason: "quota"), .itemInterrupted(ItemID(1), key: "k"),
            .quotaWait(model: "m", duration: .seconds(1), reason: "r"),
            .otherModel(asked: "m", answered: "n", isPriced: true), .stopping(inFlight: 1), .finished(summary),
        ]
        var lines = events.map { encoder.event($0, at: 0) }
        lines += model.announceChunks(limit: 1).map { encoder.chunk($0, at: 0) }
        lines += [
            encoder.version("0.1.0", at: 0), encoder.progress(snapshot, at: 0), encoder.dropped(1, at: 0),
            encoder.exitError(code: 1, message: "m", at: 0),
        ]
        let values = try lines.map { try JSONValue(parsing: $0) }
        return Dictionary(uniqueKeysWithValues: values.map { ($0["type"]?.string ?? "", $0) })
    }

    /// The names of all members, those of objects inside too.
    private func shape(_ value: JSONValue) -> Set<String> {
        var names: Set<String> = []
        for member in value.object ?? [:] {
            names.insert(member.name)
            names.formUnion(shape(member.value).map { "\(member.name).\($0)" })
        }
        return names
    }

    /// What the shipped schema finds wrong with a line, by the part of it for the line's type.
    private static func problems(in line: JSONValue) throws -> [String] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../docs/events.schema.json"
        )
        let schema = try JSONValue(parsing: String(contentsOf: file, encoding: .utf8))
        let type = try #require(line["type"]?.string)
        let definitions = try #require(schema["$defs"])
        #expect(definitions[type] != nil, "the schema does not know \(type)")
        return JSONSchemaCheck(["$ref": .string("#/$defs/\(type)"), "$defs": definitions]).problems(in: line)
    }

    @Test("every line that is written, and every example, follows the schema")
    func schema() throws {
        let examples = try Self.sections().flatMap(\.examples)
        for line in try Self.written().values + examples {
            #expect(try Self.problems(in: line) == [], "\(line.text)")
        }
    }

    @Test("the schema finds a member that is missing, and one of another type")
    func schemaIsStrict() throws {
        for line in try Self.written().values {
            let members = try #require(line.object)
            for name in members.keys where name != "type" {
                var broken = members
                broken[name] = nil
                #expect(try !Self.problems(in: .object(broken)).isEmpty, "\(line.text) without \(name)")
                broken[name] = [[]]
                #expect(try !Self.problems(in: .object(broken)).isEmpty, "\(line.text) with a list as \(name)")
            }
        }
    }

    @Test("the page describes every type that is written, and no other")
    func types() throws {
        #expect(try Self.sections().map(\.type).sorted() == Self.written().keys.sorted())
    }

    @Test("each example has the members that are really written, in their order")
    func examples() throws {
        let written = try Self.written()
        for section in try Self.sections() {
            #expect(!section.examples.isEmpty, "\(section.type) has no example")
            for example in section.examples {
                let real = try #require(written[section.type])
                #expect(example["type"]?.string == section.type)
                #expect(example.object?.keys == real.object?.keys)
                // What is null here has no members of its own to compare.
                let unknown = (real.object ?? [:]).filter { $0.value == .null }.map { $0.name + "." }
                let known = shape(example).filter { name in !unknown.contains { name.hasPrefix($0) } }
                #expect(known == shape(real), "\(section.type)")
            }
        }
    }

    @Test("each table names the members that are really written")
    func tables() throws {
        let written = try Self.written()
        for section in try Self.sections() {
            let members = Set(try #require(written[section.type]?.object).keys)
            #expect(section.documented == members.subtracting(["type", "time"]), "\(section.type)")
        }
    }
}
