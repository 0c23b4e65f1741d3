import BatchCore
import Checkpointing
import JSON
import SQLite
import TestSupport
import Testing

@Suite("Comparing a job with its checkpoint")
struct RegistrationTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    private func plan(_ change: (inout RunPlan) -> Void) -> RunPlan {
        var plan = RunPlan()
        change(&plan)
        return plan
    }

    @Test("new items are pending in the order of the job, whole")
    func registersNew() async throws {
        let items = [
            item("b", turns: ["first", "second"], config: ["temperature": 0.5], input: ["row": 7]),
            item("a", "text with \u{2028} and \"quotes\" and 🦊"),
        ]
        let plan = try await fixture.run(items) { checkpoint in
            let pending = try await checkpoint.allPending()
            #expect(pending.map(\.key) == ["b", "a"])
            #expect(pending.map(\.request) == items.map(\.request))
            #expect(pending.map(\.attempts) == [0, 0])
        }
        #expect(plan == self.plan { $0.new = 2 })
    }

    @Test("an item's checks come back, and a change of them sends nothing again")
    func keepsChecks() async throws {
        var source = item("a")
        source.checks = AnswerChecks(json: true, maxLength: 50)
        let other = item("b")
        try await fixture.run([source, other]) { checkpoint in
            let pending = try await checkpoint.allPending()
            #expect(pending.map(\.checks) == [source.checks, AnswerChecks()])
            try await checkpoint.record(answered(pending[1].id))
        }
        #expect(try fixture.value("SELECT group_concat(checks IS NULL) FROM prompt") == .text("0,1"))
        source.checks = AnswerChecks()
        var changed = other
        changed.checks = AnswerChecks(notEmpty: true)
        let plan = try await fixture.run([source, changed]) { checkpoint in
            let pending = try await checkpoint.allPending()
            #expect(pending.map(\.checks) == [AnswerChecks()])
        }
        #expect(
            plan
                == self.plan {
                    $0.pending = 1
                    $0.done = 1
                }
        )
        let reader = try CheckpointReader(path: fixture.path)
        #expect(try reader.history(of: "b")?.item.checks == changed.checks)
    }

    @Test("media come back as references")
    func keepsMedia() async throws {
        let media = [
            MediaReference(.uri("gs://bucket/a.jpg"), mimeType: "image/jpeg"),
            MediaReference(.file(path: "/jobs/b.png", sha256: "00ff"), mimeType: "image/png", size: 77),
        ]
        var source = item("a")
        source.request.turns[0].media = media
        source.request.systemInstruction = "Be brief."
        try await fixture.run([source]) { checkpoint in
            let requests = try await checkpoint.allPending().map(\.request)
            #expect(requests == [source.request])
        }
    }

    @Test("an edit of one row re-runs that row, and its old answer stays in the history")
    func editsOneRow() async throws {
        try await fixture.run([item("a"), item("b"), item("c")]) { try await $0.finishAll() }
        let plan = try await fixture.run([item("a"), item("b", "edited"), item("c")]) { checkpoint in
            let pending = try await checkpoint.allPending()
            #expect(pending.map(\.key) == ["b"])
            #expect(pending[0].request.turns[0].text == "edited")
            #expect(pending[0].attempts == 1)
            #expect(try fixture.results()[1].turns.isEmpty)
            try await checkpoint.finishAll()
        }
        #expect(plan == self.plan { ($0.done, $0.changed) = (2, 1) })
        #expect(try fixture.results()[1].turns.map(\.answer.text) == ["answer to edited"])
        let history = try fixture.value(
            "SELECT group_concat(text, '; ') FROM response JOIN item ON item.id = item_id WHERE key = 'b'"
        )
        #expect(history == "answer to prompt of b; answer to edited")
    }

    @Test("each thing that affects an answer re-runs it, and nothing else does")
    func comparesRequests() async throws {
        func items(_ change: (inout SourceItem) -> Void) -> [SourceItem] {
            var changed = item("a", config: ["temperature": 0.5, "seed": 1], input: ["n": 1])
            changed.request.systemInstruction = "Be brief."
            change(&changed)
            return [changed]
        }
        try await fixture.run(items { _ in }) { try await $0.finishAll() }
        for change: (inout SourceItem) -> Void in [
            { $0.origin = "moved.yaml:9" }, { $0.input = ["n": 2] },
            { $0.request.config = ["seed": 1, "temperature": 0.5] },
        ] {
            let changed = items(change)
            #expect(try await fixture.run(changed).done == 1)
            let row = try #require(try fixture.results().first)
            #expect(row.origin == changed[0].origin)
            #expect(row.input == JSONValue.object(changed[0].input).text)
        }
        for change: (inout SourceItem) -> Void in [
            { $0.request.model = "other" }, { $0.request.systemInstruction = nil },
            { $0.request.config = ["seed": 2] }, { $0.request.turns.append(.init(text: "and then?")) },
        ] {
            #expect(try await fixture.run(items(change)) { try await $0.finishAll() }.changed == 1)
        }
        #expect(try fixture.value("SELECT generation FROM item") == 5)
    }

    @Test("a changed order re-runs nothing and is the order from then on")
    func reorders() async throws {
        let keys = ["a", "b", "c", "d", "e"]
        try await fixture.run(keys.map { item($0) }) { checkpoint in
            let pending = try await checkpoint.allPending()
            try await checkpoint.record(answered(pending[2].id))
        }
        for order in [["e", "d", "c", "b", "a"], ["a", "b", "c", "d", "e"], ["c", "a", "e", "b", "d"]] {
            let plan = try await fixture.run(order.map { item($0) }) { checkpoint in
                let keys = try await checkpoint.allPending().map(\.key)
                #expect(keys == order.filter { $0 != "c" })
            }
            #expect(plan == self.plan { ($0.done, $0.pending) = (1, 4) })
            #expect(try fixture.results().map(\.key) == order)
        }
    }

    @Test("rows put in between are new, and those around them are not written")
    func inserts() async throws {
        try await fixture.run(["a", "b"].map { item($0) })
        let places = "SELECT group_concat(key || position, ' ') FROM item WHERE key IN ('a', 'b')"
        let before = try fixture.value(places)
        let plan = try await fixture.run(["x", "a", "y", "z", "b", "w"].map { item($0) }) { checkpoint in
            let keys = try await checkpoint.allPending().map(\.key)
            #expect(keys == ["x", "a", "y", "z", "b", "w"])
        }
        #expect(plan == self.plan { ($0.new, $0.pending) = (4, 2) })
        #expect(try fixture.value(places) == before)
    }

    @Test("a random edit is told for what it is, whatever came before", arguments: 1...20)
    func followsRandomEdits(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        var known: [String: String] = [:]
        var done: Set<String> = []
        var last: Set<String> = []
        for _ in 0..<6 {
            var keys = (0..<30).map { "k\($0)" }.filter { _ in Bool.random(using: &generator) }
            if Bool.random(using: &generator) { keys.shuffle(using: &generator) }
            let items = keys.map { item($0, "text \(Int.random(in: 0..<3, using: &generator) == 0 ? 1 : 0)") }
            var expected = RunPlan()
            for item in items {
                guard case .explicit(let key) = item.key else { continue }
                let text = item.request.turns[0].text
                switch known[key] {
                case nil: expected.new += 1
                case text?: if done.contains(key) { expected.done += 1 } else { expected.pending += 1 }
                default:
                    expected.changed += 1
                    done.remove(key)
                }
                known[key] = text
            }
            last = Set(keys)
            expected.orphaned = known.count - last.count
            let plan = try await fixture.run(items) { checkpoint in
                let pending = try await checkpoint.allPending()
                #expect(pending.map(\.key) == keys.filter { !done.contains($0) })
                for item in pending.prefix(5) {
                    try await checkpoint.record(answered(item.id))
                    done.insert(item.key)
                }
            }
            #expect(plan == expected)
            #expect(try fixture.results().map(\.key) == keys)
        }
    }

    @Test("equal prompts without an id are counted, and stay apart")
    func keepsDuplicates() async throws {
        let items = ["same", "other", "same", "same"].map { item(contentOnly: $0) }
        let base = ItemFingerprint.contentKey(of: items[0].request)
        let plan = try await fixture.run(items) { checkpoint in
            let keys = try await checkpoint.allPending().map(\.key)
            #expect(keys[0] == base && keys[2] == "\(base)#2" && keys[3] == "\(base)#3")
            try await checkpoint.finishAll()
        }
        #expect(plan.new == 4)
        #expect(try await fixture.run(items) == self.plan { $0.done = 4 })
        #expect(try await fixture.run(Array(items.dropLast())) == self.plan { ($0.done, $0.orphaned) = (3, 1) })
    }

    @Test("two items with one id are refused with both places, and nothing of the job is taken", arguments: [0, 2])
    func refusesDuplicateIDs(known: Int) async throws {
        let items = [item("a", origin: "job.yaml:3"), item("b"), item("a", "other", origin: "data.csv:12")]
        try await fixture.run(Array(items.prefix(known)))
        let error = await #expect(throws: CheckpointError.self) { try await fixture.run(items) }
        #expect(error?.kind == .duplicateKey("a", first: "job.yaml:3", second: "data.csv:12"))
        #expect(error?.message == "data.csv:12: the id \"a\" is taken by the item at job.yaml:3")
        #expect(try fixture.value("SELECT count(*) FROM item") == .integer(Int64(known)))
    }

    @Test("a source that fails half-way changes nothing")
    func isAllOrNothing() async throws {
        struct Broken: Error {}
        struct BrokenSource: ItemSource {
            var items = [item("b", model: "unseen"), item("a", "edited")]
            mutating func next() throws -> SourceItem? {
                guard let item = items.popLast() else { throw Broken() }
                return item
            }
        }
        try await fixture.run([item("a")]) { try await $0.finishAll() }
        let checkpoint = try fixture.open()
        var source = BrokenSource()
        #expect(throws: Broken.self) { try checkpoint.register(&source, job: Fixture.job) }
        var whole = ListSource([item("a"), item("b", model: "unseen")])
        let plan = try checkpoint.register(&whole, job: Fixture.job)
        #expect(plan == self.plan { ($0.done, $0.new) = (1, 1) })
        #expect(try await checkpoint.allPending().map(\.request.model) == ["unseen"])
        await checkpoint.close()
    }

    @Test("items that leave the job are kept, not run and not exported, and are done when they return")
    func keepsOrphans() async throws {
        try await fixture.run([item("a"), item("b")]) { checkpoint in
            try await checkpoint.record(answered(checkpoint.allPending()[0].id))
        }
        let plan = try await fixture.run([item("c")]) { checkpoint in
            let keys = try await checkpoint.allPending().map(\.key)
            #expect(keys == ["c"])
        }
        #expect(plan == self.plan { ($0.new, $0.orphaned) = (1, 2) })
        #expect(try fixture.results().map(\.key) == ["c"])
        let all = try fixture.results(includeOrphaned: true)
        #expect(all.map(\.key) == ["c", "a", "b"])
        #expect(all.map(\.isOrphaned) == [false, true, true])
        #expect(
            try await fixture.run([item("b"), item("a")])
                == self.plan { ($0.done, $0.pending, $0.orphaned) = (1, 1, 1) }
        )
    }

    @Test("deferred items run again, failed ones stay")
    func resumesDeferred() async throws {
        try await fixture.run([item("a"), item("b")]) { checkpoint in
            let pending = try await checkpoint.allPending()
            try await checkpoint.record(ItemOutcome(item: pending[0].id, state: .deferred))
            try await checkpoint.record(failed(pending[1].id, GenerationError(.safety, "blocked")))
        }
        let plan = try await fixture.run([item("a"), item("b")]) { checkpoint in
            let keys = try await checkpoint.allPending().map(\.key)
            #expect(keys == ["a"])
        }
        #expect(plan == self.plan { ($0.deferred, $0.failed) = (1, 1) })
        #expect(plan.toRun == 1)
    }

    @Test("pages follow one another, whatever happens to their items meanwhile")
    func pages() async throws {
        try await fixture.run((0..<25).map { item("k\($0)") }) { checkpoint in
            var keys: [String] = []
            var after: ItemID?
            while true {
                let page = try await checkpoint.pendingItems(after: after, limit: 10, of: .all)
                guard let last = page.last else { break }
                keys += page.map(\.key)
                after = last.id
                try await checkpoint.begin(last.id)
            }
            #expect(keys == (0..<25).map { "k\($0)" })
        }
    }

    @Test("items of one model, or of all others, are read in the order of the job")
    func models() async throws {
        let models = ["a", #"b"'quoted"#, "c"]
        let items = (0..<12).map { item("k\($0)", model: models[$0 % 3]) }
        try await fixture.run(items) { checkpoint in
            func keys(after: ItemID? = nil, _ selection: ModelSelection) async throws -> [String] {
                try await checkpoint.pendingItems(after: after, limit: 3, of: selection).map(\.key)
            }
            #expect(try await keys(.only(models[1])) == ["k1", "k4", "k7"])
            #expect(try await keys(.except([models[0], models[1]])) == ["k2", "k5", "k8"])
            #expect(try await keys(.except(models)).isEmpty)
            #expect(try await keys(.only("d")).isEmpty)
            let first = try #require(try await checkpoint.pendingItems(after: nil, limit: 8, of: .all).last)
            #expect(try await keys(after: first.id, .only(models[1])) == ["k10"])
            #expect(try await keys(after: first.id, .except([models[1]])) == ["k8", "k9", "k11"])
        }
    }
}
