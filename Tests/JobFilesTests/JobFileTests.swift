import BatchCore
import JSON
import JobFiles
import TestSupport
import Testing

@Suite struct JobFileTests {
    @Test("every key of a job arrives where it belongs")
    func everything() throws {
        let workspace = try Workspace()
        let job = try workspace.load(
            """
            version: 1
            name: nightly
            model: gemini-x
            backend: gemini
            stream: false
            system_instruction: Be brief.
            config: {temperature: 0.20, maxOutputTokens: 500, stop_sequences: [END]}
            prompts: [hello]
            limits:
              {concurrency: 64, requests_per_minute: 1000, tokens_per_minute: 2000000, requests_per_day: 10000,
               cost_usd: 5.00, total_tokens: 20000000, duration: 2h}
            retry: {attempts: 3, max_delay: 1m30s}
            timeouts: {connect: 500ms, first_chunk: 5m, idle: 1.5s, item: 2h}
            on_truncation: fail
            output: {path: out/a.jsonl}
            """
        )
        var expected = Job(name: "nightly", backend: JobBackend(.gemini))
        expected.stream = false
        expected.limits = Limits(
            concurrency: 64,
            quota: QuotaLimits(requestsPerMinute: 1000, tokensPerMinute: 2_000_000, requestsPerDay: 10_000),
            spending: SpendingLimits(cost: MicroDollars(5_000_000), totalTokens: 20_000_000),
            duration: .seconds(7200)
        )
        expected.retry = RetryPolicy(attempts: 3, maximumDelay: .seconds(90))
        expected.timeouts = Timeouts(
            connect: .milliseconds(500),
            firstChunk: .seconds(300),
            idle: .milliseconds(1500),
            item: .seconds(7200)
        )
        expected.flexTimeouts = expected.timeouts
        expected.onTruncation = .fail
        expected.outputPath = "out/a.jsonl"
        #expect(job.job == expected)
        let item = try #require(try job.allItems().first)
        #expect(item.request.model == "gemini-x")
        #expect(item.request.systemInstruction == "Be brief.")
        #expect(item.request.config == ["temperature": 0.2, "max_output_tokens": 500, "stop_sequences": ["END"]])
        #expect(item.origin == "job.yaml:8:11")
    }

    @Test("checks are the job's, and an item's own lie over them")
    func checks() throws {
        let job = try Workspace().load(
            """
            model: m
            checks: {json: true, schema: false, not_empty: true, matches: "^\\\\{", min_length: 2, max_length: 900, runaway: false}
            prompts:
              - hello
              - {prompt: free, checks: {json: false, max_length: 9}}
              - prompt: strict
                checks: {schema: true}
                config: {response_mime_type: application/json, response_json_schema: {type: object}}
            """
        )
        let expected = AnswerChecks(
            json: true,
            schema: false,
            notEmpty: true,
            matches: try AnswerPattern("^\\{"),
            minLength: 2,
            maxLength: 900,
            runaway: false
        )
        #expect(job.job.checks == expected)
        let own = [AnswerChecks(), AnswerChecks(json: false, maxLength: 9), AnswerChecks(schema: true)]
        #expect(try job.allItems().map(\.checks) == own)
    }

    @Test("checks are no part of what an item is")
    func checksAndFingerprint() throws {
        let workspace = try Workspace()
        let one = try workspace.load("model: m\nprompts: [hi]\n").allItems()
        let other = try workspace.load("model: m\nprompts: [{prompt: hi, checks: {json: true}}]\n").allItems()
        #expect(one.map { ItemFingerprint(of: $0.request) } == other.map { ItemFingerprint(of: $0.request) })
        #expect(one.map(\.key) == other.map(\.key))
    }

    @Test(
        "a job may be for Vertex AI, in a place of its own or the environment's",
        arguments: [
            ("", JobBackend(.vertex)), ("vertex: {}", JobBackend(.vertex)),
            ("vertex: {project: acme-42}", JobBackend(.vertex, project: "acme-42")),
            (
                "vertex: {location: europe-west4, project: \"example.com:acme\"}",
                JobBackend(.vertex, project: "example.com:acme", location: "europe-west4")
            ),
        ]
    )
    func vertex(line: String, backend: JobBackend) throws {
        let job = try Workspace().load("model: m\nbackend: vertex\n\(line)\nprompts: [hi]\n")
        #expect(job.job.backend == backend)
    }

    @Test("the backend is no part of what an item is")
    func backendAndFingerprint() throws {
        let workspace = try Workspace()
        let one = try workspace.load("model: m\nprompts: [hi]\n").allItems()
        let other = try workspace.load("model: m\nbackend: vertex\nprompts: [hi]\n").allItems()
        #expect(one.map { ItemFingerprint(of: $0.request) } == other.map { ItemFingerprint(of: $0.request) })
        #expect(one.map(\.key) == other.map(\.key))
    }

    @Test("what is left out has its default, and the name is the file's")
    func defaults() throws {
        let workspace = try Workspace(["my-job.yaml": "model: m\nprompts: [hi]\n"])
        let job = try JobFile.load(path: workspace.path + "/my-job.yaml")
        #expect(job.job == Job(name: "my-job"))
        #expect(job.folder == workspace.path)
        #expect(job.reads == [])
        #expect(try job.textToKeep() == Array("model: m\nprompts: [hi]\n".utf8))
    }

    // Fault matrix: F56.
    @Test("prompts are text as it was written, or mappings laid over the job")
    func inlinePrompts() throws {
        let items = try Workspace().items(
            """
            prompts:
              - 012
              - |
                two
                lines
              - {id: a, prompt: "no", config: {temperature: 1}, model: other, system_instruction: None.}
              - {id: talk, turns: [one, two]}
            model: base
            system_instruction: Job's.
            config: {temperature: 0, top_p: 0.5}
            """
        )
        #expect(items.map { $0.request.turns.map(\.text) } == [["012"], ["two\nlines\n"], ["no"], ["one", "two"]])
        #expect(items.map(\.request.model) == ["base", "base", "other", "base"])
        #expect(items[2].request.systemInstruction == "None.")
        #expect(items[2].request.config == ["temperature": 1, "top_p": 0.5])
        #expect(items[2].key == .explicit("a"))
        #expect(items[0].key == .content(ItemFingerprint.contentKey(of: items[0].request)))
        #expect(items.map(\.origin) == ["job.yaml:2:5", "job.yaml:3:5", "job.yaml:6:5", "job.yaml:7:5"])
    }

    // Fault matrix: F56.
    @Test("settings keep their types, whatever their spelling")
    func config() throws {
        let item = try #require(
            try Workspace().items(
                """
                model: m
                prompts: [hi]
                config:
                  topK: 40
                  seed: -7
                  response_mime_type: application/json
                  responseJsonSchema:
                    type: object
                    properties: {Zed: {type: string}, age: {type: integer, minimum: 0}, no: {enum: [no, 012, "1", 1, null]}}
                    required: [Zed]
                  thinking_config: {thinkingLevel: low, include_thoughts: true}
                  safety_settings: [{category: HARM_CATEGORY_HARASSMENT, threshold: off}]
                  tools: [{google_search: {}}]
                  response_modalities: [text]
                  labels: {team: 7}
                """
            ).first
        )
        #expect(
            JSONValue.object(item.request.config).text
                == """
                {"top_k":40,"seed":-7,"response_mime_type":"application/json","response_json_schema":{"type":"object",\
                "properties":{"Zed":{"type":"string"},"age":{"type":"integer","minimum":0},"no":{"enum":["no","012","1",1,\
                null]}},"required":["Zed"]},"thinking_config":{"thinking_level":"LOW","include_thoughts":true},\
                "safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}],\
                "tools":[{"google_search":{}}],"response_modalities":["TEXT"],"labels":{"team":"7"}}
                """
        )
    }

    @Test("the matrix multiplies items, and its values win")
    func matrix() throws {
        let items = try Workspace().items(
            """
            model: base
            vars: {bullets: 9, tone: dry}
            config: {temperature: 0}
            matrix: {model: [a, b], bullets: [3, 5], config.temperature: [0.5]}
            prompts:
              - {id: x, prompt: "{{bullets}} {{tone}} {{model}}", config: {temperature: 2}}
              - "plain"
            """
        )
        #expect(items.count == 8)
        #expect(
            items[..<4].map(\.keyText) == [
                "x[model=a,bullets=3,config.temperature=0.5]", "x[model=a,bullets=5,config.temperature=0.5]",
                "x[model=b,bullets=3,config.temperature=0.5]", "x[model=b,bullets=5,config.temperature=0.5]",
            ]
        )
        #expect(items[..<4].map(\.prompt) == ["3 dry a", "5 dry a", "3 dry b", "5 dry b"])
        #expect(items.map(\.request.model) == ["a", "a", "b", "b", "a", "a", "b", "b"])
        #expect(items.allSatisfy { $0.request.config == ["temperature": 0.5] })
        #expect(items[0].input == ["model": "a", "bullets": "3", "config.temperature": 0.5])
        #expect(items[4].keyText.hasSuffix("[model=a,bullets=3,config.temperature=0.5]"))
        #expect(items[4].key == .content(items[4].keyText))
    }

    @Test("prompts come first, then the inputs in their order")
    func order() throws {
        let workspace = try Workspace(["a.csv": "t\nc1\n", "b.jsonl": "{\"t\":\"j1\"}\n", "x.csv": "t\nx1\n"])
        let items = try workspace.items(
            """
            model: m
            inputs: [{csv: x.csv}, {jsonl: b.jsonl}, {csv: a.csv}]
            prompt: "{{t}}"
            prompts: [p1]
            """
        )
        #expect(items.map(\.prompt) == ["p1", "x1", "j1", "c1"])
        #expect(items.map(\.origin) == ["job.yaml:4:11", "x.csv:2", "b.jsonl:1", "a.csv:2"])
    }

    // Fault matrix: F58.
    @Test("what a job may read is listed")
    func reads() throws {
        let workspace = try Workspace(["d.csv": "t\n1\n", "i/a.png": "x", "n/1.txt": ""])
        let job = try workspace.load(
            """
            model: m
            inputs: [{csv: d.csv}, {files: n/*.txt}, {jsonl: "-"}]
            prompt: p
            prompts:
              - {prompt: a, images: [gs://bucket/a.png, gs://bucket/b.png, "https://h.example/x.jpg?y=1", i/a.png]}
            """
        )
        #expect(
            job.reads == [
                "d.csv (csv)", "n/*.txt (files)", "standard input (jsonl)", "gs://bucket (images, fetched by the API)",
                "https://h.example (images, fetched by the API)", "i/a.png (image)",
            ]
        )
    }

    @Test("aliases share settings among prompts")
    func aliases() throws {
        let items = try Workspace().items(
            """
            prompts:
              - {prompt: a, config: &cold {temperature: 0}}
              - {prompt: b, config: *cold}
            config: *cold
            model: m
            """
        )
        #expect(items.map(\.request.config) == [["temperature": 0], ["temperature": 0]])
    }

    // Fault matrix: F55.
    @Test("a byte order mark and CRLF change nothing")
    func windowsText() throws {
        let items = try Workspace().items("\u{FEFF}model: m\r\nprompts:\r\n  - |\r\n    a\r\n    b\r\n")
        #expect(items.map(\.prompt) == ["a\nb\n"])
    }

    @Test("a file that changes between two readings is noticed", arguments: ["one", "LONG"])
    func changedFile(prompt: String) throws {
        let text = "model: m\nprompts:\n  - \(prompt)\n".replacing("LONG", with: Self.long)
        let workspace = try Workspace(["job.yaml": text])
        let job = try JobFile.load(path: workspace.path + "/job.yaml")
        try workspace.directory.write(text + "  - two\n", to: "job.yaml")
        let error = #expect(throws: JobFileError.self) { _ = try job.allItems() }
        #expect(error?.description.contains("changed while the job was being read") == true)
        #expect(throws: JobFileError.self) { _ = try job.textToKeep() }
    }

    /// A prompt long enough for the file not to be kept whole.
    private static let long = String(repeating: "é", count: 600_000)

    @Test(
        "a large file is kept without its prompts, and is the same job without them",
        arguments: [
            "prompts:\n  - LONG\n  - b\n# remark\nlimits: {concurrency: 7}\n",
            "prompts:\n- LONG\n- {id: c, prompt: d}\nlimits: {concurrency: 7}",
            "prompts: [LONG, b]\nlimits: {concurrency: 7}\n",
            "limits: {concurrency: 7}\nprompts:\r\n  - LONG\r\n  - b",
            "  prompts:\n    - LONG\n  limits: {concurrency: 7}\n",
        ]
    )
    func textOfLargeFile(rest: String) throws {
        // Not in the arguments, which are printed.
        let rest = rest.replacing("LONG", with: Self.long)
        let indent = rest.prefix { $0 == " " }
        for mark in ["", "\u{FEFF}"] {
            let workspace = try Workspace(["job.yaml": "\(mark)\(indent)name: Zoë\n\(indent)model: m\n\(rest)"])
            let path = workspace.path + "/job.yaml"
            let job = try JobFile.load(path: path)
            let text = try job.textToKeep()
            #expect(text.count < 200)
            let kept = try JobFile.settings(contents: text, name: path, folder: workspace.path)
            #expect(kept == job.job)
            #expect(kept.limits.concurrency == 7)
            #expect(try workspace.load("\(mark)\(indent)name: Zoë\n\(indent)model: m\n\(rest)").textToKeep() == text)
        }
    }

    @Test("a large file is kept whole if what follows its prompts refers to them")
    func textWithAliases() throws {
        let text = "model: m\nprompts:\n  - &long \(Self.long)\nsystem_instruction: *long\n"
        #expect(try Workspace().load(text).textToKeep() == Array(text.utf8))
    }

    @Test("the line of a mistake is shown wherever YAML ends lines, far into a large file too")
    func linesOfLargeFile() throws {
        let lines = [
            "model: m\n", "vars: {a: b}\r\n", "retry: {}\r", "limits: {}\u{85}", "prompts:\u{2028}",
            "  - \(Self.long)\u{2029}", "  - {prompt: }",
        ]
        let text = lines.joined()
        let workspace = try Workspace(["job.yaml": "\u{FEFF}" + text])
        let error = #expect(throws: JobFileError.self) {
            try JobFile.load(path: workspace.path + "/job.yaml").allItems()
        }
        #expect(error?.problems.map(\.line) == [7])
        #expect(error?.problems.map(\.sourceLine) == ["  - {prompt: }"])
    }

    @Test("the prompts of a large file are checked while they are read, and all their mistakes told in one go")
    func mistakesInLargeFile() throws {
        let prompts = """
            prompts:
              - \(Self.long)
              - {id: a, prompt: hi, promt: ho}
              - {prompt: "{{nobody}}", images: [none.png]}
              - {id: b, id: c, prompt: hi, images: ["https://example.com/a.png"]}
              - ""
            """
        let job = try Workspace().load("model: m\n\(prompts)\n")
        let items = try job.makeItems()
        let error = #expect(throws: JobFileError.self) { while try items.next() != nil {} }
        #expect(error?.problems.map(\.line) == [4, 5, 6, 7])
        #expect(items.reads == ["none.png (image)", "https://example.com (images, fetched by the API)"])
        let both = #expect(throws: JobFileError.self) { try Workspace().load("model: m\nretry: 7\n\(prompts)\n") }
        #expect(both?.problems.map(\.line) == [2, 5, 6, 7, 8])
    }

    @Test("an empty list of prompts is a mistake in a large file too")
    func noPromptsInLargeFile() throws {
        let workspace = try Workspace(["d.csv": "a\n1\n"])
        let text = "model: m\nprompts: []\ninputs: [{csv: d.csv}]\nprompt: \"{{a}}\"\nvars: {x: \(Self.long)}\n"
        #expect(workspace.error(text)?.problems.map(\.message) == ["\"prompts\" is empty"])
    }

    @Test("a data file that changes after the check is noticed", arguments: ["csv", "jsonl"])
    func changedData(kind: String) throws {
        let workspace = try Workspace(["d.csv": "t\n1\n", "d.jsonl": "{\"t\":1}\n"])
        let job = try workspace.load("model: m\ninputs: [{\(kind): d.\(kind)}]\nprompt: \"{{t}}\"\n")
        #expect(try job.allItems().count == 1)
        try workspace.directory.write("t\n1\n2222\n", to: "d.csv")
        try workspace.directory.write("{\"t\":1}\n\n\n", to: "d.jsonl")
        let error = #expect(throws: JobFileError.self) { _ = try job.allItems() }
        #expect(error?.description.contains("changed while the job was being read") == true)
    }
}
