import BatchCore
import JobFiles
import TestSupport
import Testing

@Suite struct StreamingTests {
    // Fault matrix: F57.
    @Test("two hundred thousand prompts and rows come one by one")
    func manyItems() throws {
        let count = 200_000
        var yaml =
            "model: m\nvars: {greeting: Hello}\ninputs: [{jsonl: d.jsonl}, {csv: d.csv}]\nprompt: \"{{greeting}} {{n}}\"\nprompts:\n"
        var lines = ""
        var rows = "n\n"
        for number in 0..<count / 2 {
            yaml += "  - {id: p\(number), prompt: prompt \(number)}\n"
            if number < count / 4 {
                lines += "{\"n\":\(number)}\n"
                rows += "c\(number)\n"
            }
        }
        let workspace = try Workspace(["job.yaml": yaml, "d.jsonl": lines, "d.csv": rows])
        let source = try JobFile.load(path: workspace.path + "/job.yaml").makeItems()
        var seen = 0
        while let item = try source.next() {
            switch seen {
            case 0: #expect(item.prompt == "prompt 0")
            case 99_999: #expect(item.prompt == "prompt 99999" && item.key == .explicit("p99999"))
            case 100_000: #expect(item.prompt == "Hello 0" && item.origin == "d.jsonl:1")
            case 150_000: #expect(item.prompt == "Hello c0" && item.origin == "d.csv:2")
            case 199_999: #expect(item.prompt == "Hello c49999")
            default: break
            }
            seen += 1
        }
        #expect(seen == count)
    }

    @Test("random changes of a job never crash, and every complaint has a place in the file")
    func mutations() throws {
        let seed = Array(
            """
            version: 1
            model: &m gemini-x
            system_instruction: "Be {{tone}}."
            config: {temperature: 0.2, thinking_config: {thinking_level: LOW}}
            vars: {tone: dry, list: [a, b]}
            matrix: {model: [a, b], config.top_p: [0.5]}
            prompts:
              - Hello {{tone}}
              - {id: x, prompt: "{{#list}}{{.}}{{/list}}", images: [gs://b/a.png], vars: {k: v}}
              - turns: [one, "two {{k}}"]
                vars: {k: *m}
            inputs:
              - csv: d.csv
              - jsonl: d.jsonl
              - files: "*.txt"
            prompt: |
              {{tone}} {{#list}}
              {{.}}
              {{/list}}
            limits: {concurrency: 4}
            timeouts: {idle: 1m30s}
            output: {path: out/x.jsonl}
            """.utf8
        )
        let workspace = try Workspace(["d.csv": "a,b\n1,2\n", "d.jsonl": "{\"a\":1}\n", "n.txt": "text"])
        #expect(try workspace.items(String(decoding: seed, as: UTF8.self)).count == 12)
        var random = SeededGenerator(seed: 11)
        for _ in 0..<1500 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(index..<min(index + Int.random(in: 1...9, using: &random), bytes.count))
                default: bytes.insert("{}[]&*:-,?|>'\"\n\t #/^.".utf8.randomElement(using: &random) ?? 0, at: index)
                }
            }
            let lines = bytes.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } + 3
            do throws(JobFileError) {
                let job = try JobFile.load(contents: bytes, name: "job.yaml", folder: workspace.path)
                _ = try? job.allItems()
            } catch {
                #expect(!error.problems.isEmpty)
                #expect(error.problems.allSatisfy { ($0.line ?? 1) <= lines }, "\(error)")
            }
        }
    }

    @Test("random changes of data never crash", arguments: ["csv", "jsonl"])
    func mutatedData(kind: String) throws {
        let seed = Array(
            (kind == "csv" ? "a,b\n\"x,\"\"\",2\r\n\"l\nm\",4\n" : "{\"a\":[1,{\"b\":\"\\u00e9\"}]}\n\n{\"a\":null}\n")
                .utf8
        )
        let workspace = try Workspace()
        var random = SeededGenerator(seed: 5)
        for _ in 0..<800 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                if Bool.random(using: &random) {
                    bytes[index] = UInt8.random(in: 0...255, using: &random)
                } else {
                    bytes.insert("\"\n\r,{}[]\\".utf8.randomElement(using: &random) ?? 0, at: index)
                }
            }
            try workspace.write(bytes, to: "d")
            _ = workspace.error("model: m\ninputs: [{\(kind): d}]\nprompt: \"{{#a}}{{.}}{{/a}}\"\n")
        }
    }
}
