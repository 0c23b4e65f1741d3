import Foundation
import JSON
import JobFiles
import TestSupport
import Testing
import YAML

/// What `genbatch schema` prints says the same as the program that reads job files.
@Suite struct JobSchemaTests {
    private static let schema = JobSchema.document
    private static let validator = SchemaValidator(schema)

    /// A place in a job: names of members, and `0` for the first entry of a list.
    private struct Place: CustomStringConvertible {
        var path: [String] = []
        var schema: JSONValue

        var description: String { path.joined(separator: ".") }
    }

    /// All places that the schema names; what it refers to twice is followed once.
    private static func places() -> [Place] {
        var followed: Set<String> = []
        return places(in: Place(schema: schema), &followed)
    }

    private static func places(in place: Place, _ followed: inout Set<String>) -> [Place] {
        var schema = place.schema
        if let reference = schema["$ref"]?.string {
            guard followed.insert(reference).inserted else { return [] }
            schema = validator.target(reference)
        }
        var deeper = (schema["properties"]?.object ?? [:]).map { name, schema in
            Place(path: place.path + [name], schema: schema)
        }
        if let schema = schema["additionalProperties"], schema.bool == nil {
            deeper.append(Place(path: place.path + ["name"], schema: schema))
        }
        var places: [Place] = []
        for place in deeper {
            places += [place] + Self.places(in: place, &followed)
        }
        if let schema = schema["items"] {
            places += Self.places(in: Place(path: place.path + ["0"], schema: schema), &followed)
        }
        for schema in schema["anyOf"]?.array ?? [] where schema["required"] == nil {
            places += Self.places(in: Place(path: place.path, schema: schema), &followed)
        }
        return places
    }

    /// A job that has a value at a place, and what that needs beside it.
    private static func job(_ value: JSONValue, at path: [String], backend: String) -> JSONValue {
        var job: JSONObject = ["model": "m", "backend": .string(backend)]
        let isOfRows = ["inputs", "prompt", "turns", "images", "id"].contains(path[0])
        if isOfRows {
            job["inputs"] = [["jsonl": "rows.jsonl"]]
            job[path[0] == "turns" ? "turns" : "prompt"] = "hi"
        } else {
            job["prompts"] = ["hi"]
        }
        var value = value
        for (depth, name) in path.enumerated().reversed() {
            guard name != "0" else {
                value = [value]
                continue
            }
            // An entry of `prompts` needs a prompt, and so on.
            let parent = path[..<depth].joined(separator: ".")
            var object: JSONObject = [:]
            switch (parent, name) {
            case ("prompts.0", let name) where name != "prompt" && name != "turns": object = ["prompt": "hi"]
            case (let parent, "mime_type") where parent.hasSuffix("images.0"): object = ["uri": "gs://a/b.png"]
            case (let parent, let name) where parent.hasSuffix("large_prompt") && name != "above": object = ["above": 1]
            default: break
            }
            object[name] = value
            value = .object(object)
        }
        return .object(job.merging(value.object ?? [:]))
    }

    /// Values of every type, and some at the edges of ranges.
    private static let probes: [JSONValue] = [
        nil, true, -1, 0, 1, 1.5, 2, 5, 101, 10_001, 2_000_000_000_000, "word", " ", "", "10s", "a/b", "2026-12-01", [],
        ["word"], ["a", "a"], [1, 2, 3, 4, 5, 6], [:], ["unheard_of": 1],
    ]

    /// What a job is refused for that its schema says nothing about.
    private static let beyondSchema = [
        // Settings that go with others, or not.
        "exclude each other", "needs response_", "excludes", "stands in `config` too", "works only with backend",
        // Files, and names of theirs.
        "must be a file in the job's folder", "cannot be read", "cannot be the name of a file", "of Google Cloud",
        "is not there", "is not a URI", "MIME type", "cannot be told from its name", "the id is empty",
        // What templates and patterns mean.
        "unknown variable", "regular expression", "cannot be the name of a model", "is no name of a model",
        // How long a time may be.
        "at most 168h",
        // What stands in a text: a crontab's fields, a file's name.
        "five fields", "the file name is empty",
    ]

    @Test("schema and decoder say the same of every key, for values of every type")
    func agree() throws {
        let work = try Workspace(["rows.jsonl": "{\"text\": \"hi\"}\n"])
        let places = Self.places()
        #expect(places.count > 200)
        var refused = 0
        var taken = 0
        for place in places {
            // Some keys are for one backend only, which the schema leaves to its descriptions.
            let isOfVertex =
                place.path[0] == "vertex" || place.schema["description"]?.string?.contains("vertex") == true
            let backends = isOfVertex ? ["gemini", "vertex"] : ["gemini"]
            for probe in Self.probes {
                let verdicts = backends.map { backend in
                    let job = Self.job(probe, at: place.path, backend: backend)
                    let problems = work.error(job.text)?.problems.map(\.message) ?? []
                    let isBeyond = problems.allSatisfy { message in
                        Self.beyondSchema.contains { message.contains($0) }
                    }
                    return (job: job, problems: problems, isBeyond: isBeyond, isValid: Self.validator.accepts(job))
                }
                let isTaken = verdicts.contains { $0.problems.isEmpty }
                let isBeyond = verdicts.contains { $0.isBeyond }
                let isValid = verdicts.contains { $0.isValid }
                taken += isTaken ? 1 : 0
                refused += isValid ? 0 : 1
                if isTaken {
                    #expect(isValid, "only the schema refuses \(place): \(verdicts[0].job.text)")
                } else if !isBeyond {
                    #expect(!isValid, "only the decoder refuses \(place): \(verdicts[0].problems)")
                }
            }
        }
        #expect(taken > places.count && refused > places.count)
    }

    @Test("every key outside config has a sentence for people")
    func describes() {
        let places = Self.places().filter { place in
            !place.path.contains("config") && place.path.last != "name" || place.path == ["name"]
        }
        let silent = places.filter { !$0.path.contains { $0.hasPrefix("config.") } && $0.schema["description"] == nil }
        #expect(silent.isEmpty, "\(silent)")
    }

    @Test("a key that is not known is refused wherever keys are, by both")
    func refusesUnknown() throws {
        let mistyped = JSONValue.object(["model": "m", "prompts": ["hi"], "modle": "m"])
        #expect(!Self.validator.accepts(mistyped))
        #expect(try Workspace().error(mistyped.text) != nil)
    }

    @Test("the sample jobs and the templates of init follow the schema")
    func samples() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "jobs")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(!names.isEmpty)
        let samples = try names.map { ($0, Array(try Data(contentsOf: folder.appending(path: $0)))) }
        let templates = JobTemplate.all.map { ($0.jobPath, $0.files[0].contents) }
        for (name, contents) in samples + templates {
            let job = try #require(try YAMLText.json(contents))
            #expect(Self.validator.accepts(job), "\(name)")
        }
    }

    @Test("the jobs of the documents follow the schema")
    func documents() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: folder.appending(path: "docs/job-file.md"), encoding: .utf8)
        let blocks = page.components(separatedBy: "\n```").dropFirst().enumerated().compactMap { index, block in
            index.isMultiple(of: 2) && block.hasPrefix("yaml\n") ? String(block.dropFirst(5)) : nil
        }
        var whole = 0
        for block in blocks {
            guard let job = try YAMLText.json(Array(block.utf8)), job["model"] != nil else { continue }
            guard job["prompts"] != nil || job["inputs"] != nil else { continue }
            whole += 1
            #expect(Self.validator.accepts(job), "\(block)")
        }
        #expect(whole > 0)
    }

    @Test("every template loads, names its schema and the command that runs it")
    func templates() throws {
        #expect(JobTemplate.all.map(\.name) == ["prompts", "csv", "images", "chat", "nightly"])
        for template in JobTemplate.all {
            let work = try Workspace()
            for file in template.files {
                try work.write(file.contents, to: file.path)
            }
            let job = try JobFile.load(path: "\(work.path)/\(template.jobPath)")
            #expect(try job.allItems().count >= 2, "\(template.name)")
            let text = String(decoding: template.files[0].contents, as: UTF8.self)
            #expect(text.hasPrefix("# yaml-language-server: $schema=\(JobTemplate.schema.path)\n"), "\(template.name)")
            #expect(text.contains("genbatch run \(template.jobPath)"), "\(template.name)")
        }
    }

    @Test("the schema beside a job is the one that is printed, as JSON")
    func shipped() throws {
        #expect(try JSONValue(parsing: JobTemplate.schema.contents) == Self.schema)
    }
}

/// YAML as the JSON that an editor makes of it.
enum YAMLText {
    /// `nil` if it holds nothing, or has a mistake of YAML itself.
    static func json(_ contents: [UInt8]) throws -> JSONValue? {
        var parser = try YAMLParser(contents)
        guard try parser.peek() != nil else { return Optional.none }
        let node = try parser.readNode()
        try parser.finish()
        return parser.problems.isEmpty ? .some(json(node)) : .none
    }

    private static func json(_ node: YAMLNode) -> JSONValue {
        switch node.content {
        case .sequence(let elements): return .array(elements.map(json))
        case .mapping(let pairs): return .object(JSONObject(pairs.map { (name: $0.key.text, value: json($0.value)) }))
        case .scalar(let scalar):
            guard scalar.isPlain else { return .string(scalar.text) }
            if scalar.isNull { return .null }
            if ["true", "false"].contains(scalar.text) { return .bool(scalar.text == "true") }
            let number = try? JSONValue(parsing: scalar.text)
            return number?.double == nil ? .string(scalar.text) : number ?? .null
        }
    }
}
