import BatchCore
import Checkpointing
import JSON
import TestSupport
import Testing

@Suite("Adding up what is to be sent")
struct WorkloadTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    private func compare(_ items: [SourceItem], sampling size: Int = 0) throws -> JobComparison {
        var source = ListSource(items)
        return try CheckpointReader(path: fixture.path).compare(&source, sampling: size)
    }

    /// Of every kind: texts with all that JSON escapes, chats, media, tiers, instructions and large prompts.
    private var items: [SourceItem] {
        var picture = item("picture", "what is it?")
        picture.request.turns[0].media = [
            MediaReference(.uri("gs://bucket/a.png"), mimeType: "image/png"),
            MediaReference(.file(path: "/b.pdf", sha256: "00"), mimeType: "application/pdf", size: 900_000),
        ]
        var told = item("told", "näh")
        told.request.systemInstruction = "be brief – always"
        var checked = item("checked", "say {}", model: "gemini-checked")
        checked.checks.json = true
        var checkedPicture = item("checked picture", model: "gemini-checked-picture")
        checkedPicture.request.turns[0].media = picture.request.turns[0].media
        checkedPicture.checks.maxLength = 3
        return [
            item("plain"),
            item("escaped", "\"media\":[ },{\"text\":\"\n\u{1}\\ \"media\":["),
            item("empty", ""),
            item("chat", turns: ["one", "two", "three"]),
            picture,
            told,
            item("flex", config: ["service_tier": "flex", "max_output_tokens": 100]),
            item("large", String(repeating: "word ", count: 20_000)),
            item("other", model: "gemini-other"),
            checked,
            checkedPicture,
        ]
    }

    @Test("the sum of what a checkpoint holds is that of its items one by one")
    func sums() async throws {
        try await fixture.run([])
        let workload = try compare(items).workload
        try await fixture.run(items) { checkpoint in
            #expect(try checkpoint.workload(limit: nil).workload == workload)
            // Finishes "plain" and one turn of the chat.
            let pending = try await checkpoint.allPending()
            try await checkpoint.record(answered(try #require(pending.first { $0.key == "plain" }).id))
            let chat = try #require(pending.first { $0.key == "chat" }).id
            try await checkpoint.record(answered(chat, state: .pending))
        }
        let rest = try compare(items).workload
        #expect(workload.requests == 13)
        let checked = workload.amounts.filter(\.value.hasOwnChecks).map(\.key.model)
        #expect(Set(checked) == ["gemini-checked", "gemini-checked-picture"])
        #expect(rest.requests == 11)
        let firstTwo = firstTwo
        try await fixture.run(items) { checkpoint in
            let (all, _) = try checkpoint.workload(limit: nil)
            #expect(all == rest)
            let (first, _) = try checkpoint.workload(limit: 2)
            #expect(first == firstTwo)
        }
        #expect(try CheckpointReader(path: fixture.path).spent() == Spending(tokens: 30))
    }

    /// The sum of the first two that are left.
    private var firstTwo: Workload {
        var workload = Workload()
        for item in items where ["escaped", "empty"].contains(item.key.text) {
            workload.add(item.request)
        }
        return workload
    }

    @Test("an item that was changed counts as what it is now")
    func changed() async throws {
        let picture = MediaReference(.uri("gs://bucket/picture.png"), mimeType: "image/png")
        var withPicture = item("k", "What is this?")
        withPicture.request.turns[0].media = [picture]
        let chat = item("k", turns: ["one", "two"])
        for item in [item("k", "short"), withPicture, item("k", "longer"), chat, item("k", "")] {
            try await fixture.run([item]) { checkpoint in
                let workload = try checkpoint.workload(limit: nil).workload
                #expect(workload == Self.sum([item]))
            }
        }
    }

    @Test("a job may have a variant for every item")
    func manyVariants() async throws {
        let items = (0..<1000).map { number in
            var item = item("k\(number)")
            item.request.systemInstruction = "Write \(number) words."
            return item
        }
        try await fixture.run(items) { checkpoint in
            let workload = try checkpoint.workload(limit: nil).workload
            #expect(workload == Self.sum(items))
        }
    }

    private static func sum(_ items: [SourceItem]) -> Workload {
        var workload = Workload()
        for item in items {
            workload.add(item.request)
        }
        return workload
    }

    @Test("only items that were chosen count")
    func chosen() async throws {
        try await fixture.run(items, choice: .keys(["told", "chat"])) { checkpoint in
            let workload = try checkpoint.workload(limit: nil).workload
            #expect(workload.amounts.values.reduce(0) { $0 + $1.items } == 2)
            #expect(workload.requests == 4)
        }
    }

    @Test("the answers of a model are its history once there are enough, newest first and no failures")
    func histories() async throws {
        let items = (0..<25).map { item("k\($0)") } + [item("other", model: "gemini-other")]
        try await fixture.run(items) { checkpoint in
            for (index, item) in try await checkpoint.allPending().enumerated() {
                if index < 3 {
                    try await checkpoint.record(failed(item.id, GenerationError(.safety, "blocked")))
                } else {
                    let usage = TokenUsage(promptTokens: 10, outputTokens: index, thoughtTokens: 1000)
                    try await checkpoint.record(answered(item.id, usage: usage))
                }
            }
        }
        let histories = try CheckpointReader(path: fixture.path).answerHistories(of: ["gemini-test", "gemini-other"])
        #expect(Array(histories.keys) == ["gemini-test"])
        let history = try #require(histories["gemini-test"])
        #expect(history.answers == 22)
        // 3 to 24, and the thoughts.
        #expect(history.medianOutput == 1013)
        #expect(history.highOutput == 1022)
    }

    @Test("samples are spread over what would be sent")
    func samples() async throws {
        try await fixture.run([item("k0")]) { try await $0.finishAll() }
        let comparison = try compare((0..<100).map { item("k\($0)") } + [item("o", model: "gemini-other")], sampling: 4)
        let texts = comparison.samples.mapValues { $0.map { $0.turns[0].text } }
        #expect(texts["gemini-other"] == ["prompt of o"])
        #expect(texts["gemini-test"]?.count == 4)
        #expect(texts["gemini-test"]?.first == "prompt of k1")
        #expect(Set(texts["gemini-test"] ?? []).count == 4)
    }
}

extension SourceItem.Key {
    fileprivate var text: String {
        switch self {
        case .explicit(let text), .content(let text): text
        }
    }
}
