import BatchCore
import JSON
import TestSupport
import Testing

@Suite("Fields of a request")
struct RequestFieldTests {
    private func request(_ change: (inout ItemRequest) -> Void = { _ in }) -> ItemRequest {
        var request = ItemRequest(
            model: "gemini-2.5-flash",
            systemInstruction: "Be brief.",
            config: ["temperature": 0.2, "seed": 1],
            turns: [
                .init(text: "first", media: [.init(.file(path: "/a.png", sha256: "00ff"), mimeType: "image/png")]),
                .init(text: "second"),
            ]
        )
        change(&request)
        return request
    }

    @Test("all that goes into the fingerprint has a name")
    func names() {
        let fields = request().fields
        #expect(
            fields.map(\.name) == [
                "model", "system_instruction", "config.seed", "config.temperature", "turn 1 text", "turn 1 media 1",
                "turn 2 text",
            ]
        )
        #expect(fields[5].value == "image/png bytes with SHA-256 00ff")
    }

    @Test("a difference tells both values, also where one is missing")
    func differences() {
        let changed = request {
            $0.model = "gemini-2.5-pro"
            $0.systemInstruction = nil
            $0.config = ["temperature": 0.2, "top_p": 0.5]
            $0.turns.removeLast()
        }
        #expect(
            changed.differences(from: request()) == [
                RequestDifference(name: "model", topic: "model", old: "gemini-2.5-flash", new: "gemini-2.5-pro"),
                RequestDifference(name: "config.top_p", topic: "config.top_p", old: nil, new: "0.5"),
                RequestDifference(name: "system_instruction", topic: "system_instruction", old: "Be brief.", new: nil),
                RequestDifference(name: "config.seed", topic: "config.seed", old: "1", new: nil),
                RequestDifference(name: "turn 2 text", topic: "text", old: "second", new: nil),
            ]
        )
    }

    @Test("another path of the same bytes and another order of settings are no difference")
    func ignoresWhatDoesNotMatter() {
        let moved = request {
            $0.turns[0].media[0].location = .file(path: "/elsewhere/b.png", sha256: "00ff")
            $0.config = ["seed": 1, "temperature": 0.2]
        }
        #expect(moved.differences(from: request()).isEmpty)
    }

    @Test("requests differ in a field exactly if their fingerprints differ", arguments: 1...40)
    func agreesWithFingerprints(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func variation() -> ItemRequest {
            request { request in
                switch Int.random(in: 0..<8, using: &random) {
                case 0: request.model = "other"
                case 1: request.systemInstruction = Bool.random(using: &random) ? nil : ""
                case 2: request.config["seed"] = Bool.random(using: &random) ? 2 : "1"
                case 3: request.turns[0].text = "other"
                case 4: request.turns[0].media.append(.init(.uri("gs://b/c.png"), mimeType: "image/png"))
                case 5: request.turns[0].media[0].mimeType = "image/webp"
                case 6: request.turns.append(.init(text: "third"))
                default: request.config = ["seed": 1, "temperature": 0.2]
                }
            }
        }
        for _ in 0..<20 {
            let (one, other) = (variation(), variation())
            #expect(one.differences(from: other).isEmpty == (ItemFingerprint(of: one) == ItemFingerprint(of: other)))
        }
    }
}
