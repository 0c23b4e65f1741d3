import BatchCore
import TestSupport
import Testing
import YAML

@testable import JobFiles

/// Large files whose prompts come last are not read to their end to know the settings.
@Suite("What follows the prompts of a large file")
struct LastKeyTests {
    /// Makes a file large: not in the arguments of tests, which are printed.
    private static func enlarged(_ text: String) -> String {
        text.replacing("LONG", with: String(repeating: "x", count: 1 << 20))
    }

    @Test(
        "whatever follows is found, however it stands there",
        arguments: [
            "model: m\nprompts:\n- LONG\n- b\nlimits: {concurrency: 7}",
            "model: m\nprompts:\n  - LONG\n# remark\n\"limits\": {concurrency: 7}\n",
            "model: m\nprompts:\n  - LONG\n? limits\n: {concurrency: 7}\n",
            "model: m\nprompts:\r  - LONG\rlimits: {concurrency: 7}\r",
            "model: m\nprompts:\n  - LONG\u{85}limits: {concurrency: 7}\n",
            "model: m\nprompts:\n  - LONG\u{2028}limits: {concurrency: 7}\n",
            "model: m\nprompts:\n  - LONG\u{2029}limits: {concurrency: 7}\n",
            "model: m\nprompts: [\n  LONG\n  ]\n\nlimits: {concurrency: 7}\n",
            "{\nmodel: m,\nprompts: [\n LONG], limits: {concurrency: 7}}\n",
            "{\nprompts: [\n LONG], limits: {concurrency: 7}, model: m}\n",
            " model: m\n prompts:\n  - LONG\n limits: {concurrency: 7}\n",
        ]
    )
    func found(text: String) throws {
        #expect(try Workspace().load(Self.enlarged(text)).job.limits.concurrency == 7)
    }

    @Test(
        "a key is found wherever pieces of the file that are read meet",
        arguments: ["\n", "\r\n", "\u{85}", "\u{2028}"]
    )
    func betweenPieces(lineBreak: String) throws {
        let head = "model: m\nprompts:\n  - "
        for shift in 0...4 {
            let prompt = String(repeating: "x", count: (1 << 20) - head.utf8.count - shift)
            for mark in ["", "\u{FEFF}"] {
                let text = "\(mark)\(head)\(prompt)\(lineBreak)limits: {concurrency: 7}\n"
                let workspace = try Workspace(["job.yaml": text])
                #expect(try JobFile.load(path: workspace.path + "/job.yaml").job.limits.concurrency == 7)
            }
        }
    }

    @Test("a job is kept without its last key, however late that begins")
    func keptText() throws {
        let head =
            "model: m\nlimits: {concurrency: 7}\nvars: {x: \(String(repeating: "é", count: 40_000))}\nprompts:\n  "
        let workspace = try Workspace(["job.yaml": Self.enlarged("\(head)- LONG\n  - b\n")])
        let path = workspace.path + "/job.yaml"
        let text = try JobFile.load(path: path).textToKeep()
        #expect(text.starts(with: head.utf8))
        #expect(text.count < head.utf8.count + 100)
        #expect(try JobFile.settings(contents: text, name: path, folder: workspace.path).limits.concurrency == 7)
    }

    @Test(
        "what must not follow is refused",
        arguments: [
            ("prompts: [b]\n", "\"prompts\" is given twice"), ("-x: 1\n", "unknown key \"-x\""),
            ("---\nmodel: n\n", "a second document begins here"),
            ("...\n---\nmodel: n\n", "a second document begins here"),
        ]
    )
    func refused(rest: String, message: String) throws {
        let error = #expect(throws: JobFileError.self) {
            try Workspace().load(Self.enlarged("model: m\nprompts:\n  - LONG\n\(rest)"))
        }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test("prompts that are no YAML are no obstacle to the settings, and are refused when they are read")
    func brokenPrompts() throws {
        let job = try Workspace().load(Self.enlarged("model: m\nprompts:\n  - LONG\n  - {prompt: [}\n"))
        #expect(job.job.limits.concurrency == Job(name: "").limits.concurrency)
        let items = try job.makeItems()
        let error = #expect(throws: JobFileError.self) { while try items.next() != nil {} }
        #expect(error?.problems.map(\.line) == [4])
    }

    @Test("where no key may follow, YAML finds none, in random texts")
    func soundness() throws {
        let pieces = [
            "- a", "  - b", "  - {id: c, prompt: d}", "-", "- |", "    text", "  - \"two", "  lines\"", "name: e",
            "\"name\": f",
            "? g", ": h", "{name: i}", "# j", "  # k", "\tl: m", "-n: o", "---", "...", "%TAG", "]", "  ]", "  [",
            "é: p", "*q",
            "&r s: t", "!u v: w", "'x", "y': z", "",
        ]
        let breaks = ["\n", "\n", "\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]
        var random = SeededGenerator(seed: 7)
        var (calm, calmAndRight) = (0, 0)
        for _ in 0..<20_000 {
            var text = "model: m\nprompts:\n"
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                text += pieces.randomElement(using: &random) ?? ""
                text += breaks.randomElement(using: &random) ?? ""
            }
            guard try !JobText(Array(text.utf8), path: "job.yaml").mayHaveKeys(below: 2) else { continue }
            calm += 1
            do {
                var parser = try YAMLParser(Array(text.utf8))
                _ = try parser.peek()
                try parser.enter()
                for key in ["model", "prompts"] {
                    #expect(try parser.nextKey()?.text == key)
                    try parser.skipValue()
                }
                let further = try parser.nextKey()
                #expect(further == nil, "\(text.debugDescription)")
                try parser.finish()
                calmAndRight += 1
            } catch {
                #expect(!error.message.contains("second document"), "\(text.debugDescription)")
            }
        }
        // Neither finds everything suspicious nor sees only texts that are no YAML.
        #expect(calm > 1_000)
        #expect(calmAndRight > 500)
    }
}
