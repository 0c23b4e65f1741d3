import Foundation
import JSON
import Testing

/// What the runs of one job have announced, and what must hold after every fault (fault matrix, I1 to I6); I7, that
/// nothing hangs, is the time limit of each suite.
struct Invariants {
    /// The exit statuses that the README promises.
    private static let statuses: Set<Int32> = [0, 1, 3, 11, 64, 65, 66, 69, 73, 74, 75, 77, 78, 130, 143]

    private let work: Workspace
    private let simulator: SimulatorProgram
    /// The checkpoint, seen from the folder of the job.
    private let database: String
    private var announced: Set<String> = []
    /// Items that were no longer in a state to be sent, with their requests when that was first seen.
    private var requestsWhenDone: [String: Int] = [:]
    private var plannedItems: Int?
    private(set) var reportedTwice = 0
    private(set) var runs = 0
    private(set) var killed = 0
    /// What has gone wrong so far, for the figures of long tests.
    private(set) var missing = 0
    private(set) var sentAgain = 0
    private(set) var damaged = 0

    var doneCount: Int { requestsWhenDone.count }
    var announcedCount: Int { announced.count }

    init(_ work: Workspace, _ simulator: SimulatorProgram, database: String = ".genbatch/job.db") {
        self.work = work
        self.simulator = simulator
        self.database = database
    }

    /// Takes in one execution of the program: what it announced, how it ended and what it said.
    mutating func note(_ run: Workspace.Outcome) throws {
        // The last line of a program that was killed may be half a line.
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        try note(
            events: lines.map { try JSONValue(parsing: String($0)) },
            status: run.status,
            signal: run.signal,
            errors: run.errors
        )
        #expect(!run.output.contains(Workspace.key), "I6: the key is in the output")
    }

    /// The same for a program whose streams went elsewhere.
    mutating func note(events: [JSONValue], status: Int32?, signal: Int32? = nil, errors: String) throws {
        runs += 1
        killed += signal == SIGKILL ? 1 : 0
        for event in events {
            switch event["type"]?.string {
            case "item_done": announced.insert(event["key"]?.string ?? "")
            case "plan":
                reportedTwice += Int(event["possibly_billed_twice"]?.int64 ?? 0)
                plannedItems = event["total"]?.int64.map(Int.init) ?? plannedItems
            default: break
            }
        }
        if let status {
            #expect(Self.statuses.contains(status), "I5: status \(status) is not in the contract")
            #expect(status == 0 || !errors.isEmpty, "I5: status \(status) without a word")
        }
        #expect(!errors.contains(Workspace.key), "I6: the key is on standard error")
    }

    /// Checks what holds whenever no run is under way.
    ///
    /// - Parameter isWhole: Whether the file must be; `false` if the fault damages or removes it.
    /// - Throws: If the checkpoint or the simulator cannot be read.
    mutating func check(isWhole: Bool = true) throws {
        try checkSecrets()
        guard isWhole else { return }
        guard work.exists(database) else {
            return #expect(announced.isEmpty, "I1: announced items, and no checkpoint")
        }
        let facts = try work.checkpoint(database)
        let integrity = try facts.integrity()
        #expect(integrity == "ok", "I3")
        damaged += integrity == "ok" ? 0 : 1
        guard try facts.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'results'") == 1 else {
            return #expect(announced.isEmpty, "I1: announced items, and no tables")
        }
        let done = try facts.answeredKeys()
        let lost = announced.subtracting(done).subtracting(try facts.answeredKeysOutsideJob())
        #expect(lost.isEmpty, "I1: announced and lost: \(lost.sorted())")
        missing += lost.count
        let states = try facts.texts("SELECT DISTINCT state FROM item WHERE position IS NOT NULL")
        #expect(Set(states).isSubset(of: ["pending", "done", "failed", "deferred"]), "I2: \(states)")
        if let plannedItems {
            #expect(try facts.integer("SELECT count(position) FROM item") == plannedItems, "I2")
        }
        let requests = try self.requests(facts)
        for key in done {
            let before = requestsWhenDone[key] ?? requests[key, default: 0]
            let now = requests[key, default: 0]
            #expect(now == before, "I4: \(key) was sent again after it was done")
            sentAgain += now - before
            requestsWhenDone[key] = before
        }
    }

    /// Runs the same command again, which must finish the job, and checks what holds then.
    ///
    /// - Parameters:
    ///   - items: How many the job has.
    ///   - arguments: Of the run, besides its job.
    /// - Throws: If the run cannot be started, or the checkpoint not be read.
    mutating func finish(items: Int, _ arguments: String...) async throws {
        try check()
        let last = await work.outcome(of: try work.start(["run", "job.yaml", "--json"] + arguments))
        #expect(last.status == 0, "I4: \(last.errors)")
        try note(last)
        try check()
        let facts = try work.checkpoint(database)
        #expect(try facts.states() == ["done": items], "I4")
        #expect(try facts.answeredKeys().count == items, "I1")
        #expect(try facts.integer("SELECT count(*) FROM in_flight") == 0, "I2")
        // Every request was noted before it was sent, and every one without an answer is on record.
        let attempts = try facts.integer("SELECT count(*) FROM attempt")
        let requests = try simulator.totals().requests
        #expect(requests <= attempts, "\(requests) requests, but only \(attempts) attempts on record")
        let answers = try facts.integer("SELECT count(*) FROM response")
        let others = try facts.integer("SELECT count(*) FROM attempt WHERE status <> 'answered'")
        #expect(requests - answers <= others, "\(requests - answers) extra requests, and \(others) on record")
    }

    /// Requests by the key of the item: its prompt names it.
    private func requests(_ facts: CheckpointFacts) throws -> [String: Int] {
        let texts = try facts.texts(
            "SELECT key || '\t' || json_extract(turns, '$[#-1].text') FROM item JOIN prompt ON item_id = id"
        )
        let counts = Dictionary(try simulator.items().map { ($0.text, $0.requests) }, uniquingKeysWith: +)
        var requests: [String: Int] = [:]
        for text in texts {
            let parts = text.split(separator: "\t", maxSplits: 1).map(String.init)
            requests[parts[0]] = counts[parts[1]]
        }
        return requests
    }

    /// I6: no file of the job's folder has the key in it.
    private func checkSecrets() throws {
        let key = Data(Workspace.key.utf8)
        let names = FileManager.default.enumerator(atPath: work.path)?.compactMap { $0 as? String } ?? []
        for name in names {
            var isFolder: ObjCBool = false
            let path = "\(work.path)/\(name)"
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
                let bytes = FileManager.default.contents(atPath: path)
            else { continue }
            #expect(bytes.range(of: key) == nil, "I6: the key is in \(name)")
        }
    }
}

/// How much of what takes long is done: all of it with `make test-long`.
enum TestEffort {
    static let isLong = ProcessInfo.processInfo.environment["GENBATCH_LONG_TESTS"] == "1"
}
