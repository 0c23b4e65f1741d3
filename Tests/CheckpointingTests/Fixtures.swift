import BatchCore
import Checkpointing
import JSON
import SQLite
import TestSupport

extension SQLiteCheckpoint {
    /// Records an outcome and waits for its commit.
    func record(_ outcome: ItemOutcome) async throws {
        try await withCheckedThrowingContinuation { continuation in
            record(outcome) { failure in
                continuation.resume(with: failure.map { .failure($0) } ?? .success(()))
            }
        }
    }
}

/// Items from an array.
struct ListSource: ItemSource {
    private var items: ArraySlice<SourceItem>

    init(_ items: [SourceItem]) {
        self.items = items[...]
    }

    mutating func next() throws -> SourceItem? {
        items.popFirst()
    }
}

/// Many items, none of which is kept.
struct GeneratedSource: ItemSource {
    private var numbers: Range<Int>
    private let filler: String

    init(_ numbers: Range<Int>, filler: String = "") {
        self.numbers = numbers
        self.filler = filler
    }

    mutating func next() throws -> SourceItem? {
        numbers.popFirst().map { number in
            item("item-\(number)", "Summarize the document with the number \(number). \(filler)")
        }
    }
}

func item(
    _ key: String,
    _ text: String? = nil,
    turns: [String] = [],
    model: String = "gemini-test",
    config: JSONObject = [:],
    input: JSONObject = [:],
    origin: String? = nil
) -> SourceItem {
    let turns = turns.isEmpty ? [text ?? "prompt of \(key)"] : turns
    return SourceItem(
        key: .explicit(key),
        origin: origin ?? "job.yaml:\(key)",
        input: input,
        request: ItemRequest(model: model, config: config, turns: turns.map { ItemRequest.Turn(text: $0) })
    )
}

/// An item whose key is the hash of its content.
func item(contentOnly text: String, origin: String = "job.yaml:1") -> SourceItem {
    let request = ItemRequest(model: "gemini-test", turns: [.init(text: text)])
    return SourceItem(key: .content(ItemFingerprint.contentKey(of: request)), origin: origin, request: request)
}

func answered(
    _ id: ItemID,
    _ text: String = "answer",
    state: ItemState = .done,
    number: Int = 1,
    turn: Int = 0,
    usage: TokenUsage = TokenUsage(promptTokens: 10, outputTokens: 5, totalTokens: 15),
    cost: MicroDollars? = nil,
    counted: Spending? = nil
) -> ItemOutcome {
    let parts = JSONValue.array([.object(["text": .string(text)])]).text
    let answer = Answer(
        text: text,
        parts: parts,
        finishReason: "STOP",
        usage: usage,
        modelVersion: "gemini-test-001",
        responseID: "r\(id.value)",
        serviceTier: .standard
    )
    let timings = AttemptTimings(
        startedAtMilliseconds: 1_763_834_067_120,
        firstChunk: .milliseconds(300),
        total: .milliseconds(1500)
    )
    let attempt = AttemptRecord(
        number: number,
        turn: turn,
        timings: timings,
        result: .answered(answer),
        cost: cost,
        counted: counted
    )
    return ItemOutcome(item: id, state: state, attempt: attempt)
}

func failed(_ id: ItemID, _ error: GenerationError, state: ItemState = .failed, number: Int = 1) -> ItemOutcome {
    let timings = AttemptTimings(startedAtMilliseconds: 1_763_834_067_120, total: .milliseconds(20))
    let attempt = AttemptRecord(number: number, turn: 0, timings: timings, result: .failed(error))
    return ItemOutcome(item: id, state: state, attempt: attempt)
}

/// A checkpoint file in a folder of its own, opened as often as a test likes.
final class Fixture: Sendable {
    static let job = StoredJob(name: "nightly", path: "/jobs/nightly.yaml", folder: "/jobs", yaml: "version: 1\n")

    let directory: TemporaryDirectory
    var path: String { directory.path + "/.genbatch/job.db" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    func open(_ policy: CommitPolicy = CommitPolicy()) throws -> SQLiteCheckpoint {
        try SQLiteCheckpoint(path: path, policy: policy)
    }

    /// Opens the checkpoint, compares it with a job, does something with it and closes it.
    @discardableResult
    func run(
        _ items: [SourceItem],
        choice: ItemChoice = .all,
        _ body: (SQLiteCheckpoint) async throws -> Void = { _ in }
    ) async throws -> RunPlan {
        let checkpoint = try open()
        var source = ListSource(items)
        let plan = try checkpoint.register(&source, job: Self.job, choice: choice)
        try await body(checkpoint)
        await checkpoint.close()
        return plan
    }

    /// Changes the file as the sqlite3 shell does.
    func execute(_ sql: String) throws {
        try Connection(path: path, mode: .readWrite).execute(sql)
    }

    /// Looks into the file as the sqlite3 shell does.
    func value(_ sql: String) throws -> SQLiteValue {
        try Connection(path: path, mode: .readOnly).value(sql)
    }

    func results(includeOrphaned: Bool = false) throws -> [ResultRow] {
        var rows: [ResultRow] = []
        try CheckpointReader(path: path).results(includeOrphaned: includeOrphaned) { rows.append($0) }
        return rows
    }
}

extension SQLiteCheckpoint {
    func allPending() async throws -> [PendingItem] {
        try await pendingItems(after: nil, limit: 1000, of: .all)
    }

    /// Answers everything that is pending.
    func finishAll() async throws {
        for item in try await allPending() {
            try await begin(item.id)
            try await record(answered(item.id, "answer to \(item.request.turns[0].text)", number: item.attempts + 1))
        }
    }
}
