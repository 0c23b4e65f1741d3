import BatchCore
import Checkpointing
import Foundation
import SQLite
import TestSupport
import Testing

/// Fault matrix, row F31: checkpoints of every version that was released can be opened, and lose nothing by it.
@Suite("Checkpoints of earlier versions")
struct MigrationTests {
    /// The texts of the fixtures, each named for its version: `checkpoint-v1.sql`.
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Schemas")

    private static var versions: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.compactMap { Int($0.filter(\.isNumber)) }.sorted()
    }

    private static func file(_ version: Int) -> URL {
        folder.appendingPathComponent("checkpoint-v\(version).sql")
    }

    /// A checkpoint with an item in every state, a chat, an edited item, one that has left the job and a failure.
    private func makeSample(_ fixture: Fixture) async throws {
        try await fixture.run([item("done"), item("edited", "before"), item("left")]) { try await $0.finishAll() }
        try await fixture.run([
            item("done"), item("edited", "after"), item("failed"), item("chat", turns: ["one", "two"]), item("pending"),
        ]) { checkpoint in
            try await checkpoint.startRun(version: "0.1.0")
            for pending in try await checkpoint.allPending() {
                switch pending.key {
                case "edited":
                    try await checkpoint.begin(pending.id)
                    try await checkpoint.record(answered(pending.id, "second answer"))
                case "failed":
                    try await checkpoint.begin(pending.id)
                    try await checkpoint.record(
                        failed(pending.id, GenerationError(.safety, "a filter", httpStatus: 200))
                    )
                case "chat":
                    try await checkpoint.begin(pending.id)
                    try await checkpoint.record(answered(pending.id, "first turn", state: .pending))
                default: break
                }
            }
        }
    }

    /// Makes a fixture of the present schema: once for every version, before its release.
    ///
    /// `GENBATCH_MAKE_FIXTURES=1 swift test --filter makesFixture`
    @Test(
        "a fixture of the present schema is made where it is asked for",
        .enabled(
            if: ProcessInfo.processInfo.environment["GENBATCH_MAKE_FIXTURES"] == "1",
            "run by hand, once a release"
        )
    )
    func makesFixture() async throws {
        let fixture = try Fixture()
        try await makeSample(fixture)
        let connection = try Connection(path: fixture.path, mode: .readWrite)
        let version = try connection.integer("PRAGMA user_version")
        // Where it was made is nobody's business.
        try connection.execute("UPDATE run SET host = 'host', pid = 1")
        let dump = try Command.run(
            try Command.find("sqlite3", advice: "apt-get install sqlite3"),
            ["-readonly", fixture.path, ".dump"]
        )
        let header = """
            PRAGMA page_size = 16384;
            PRAGMA application_id = \(0x6762_6174);
            PRAGMA user_version = \(version);

            """
        try (Data(header.utf8) + dump).write(to: Self.file(Int(version)))
    }

    @Test("there is a fixture of every version up to the present one")
    func hasAllFixtures() async throws {
        let fixture = try Fixture()
        try await fixture.run([item("a")])
        guard case .integer(let present) = try fixture.value("PRAGMA user_version") else { return }
        #expect(Self.versions == Array(1...Int(present)), "make the missing one as makesFixture says")
    }

    // Fault matrix: F31.
    @Test("a checkpoint of an earlier version opens, keeps everything and goes on", arguments: versions)
    func opens(version: Int) async throws {
        let fixture = try Fixture()
        try fixture.directory.write("", to: ".genbatch/job.db")
        do {
            let connection = try Connection(path: fixture.path, mode: .readWrite)
            try connection.execute(try String(contentsOf: Self.file(version), encoding: .utf8))
            #expect(try connection.integer("PRAGMA user_version") == Int64(version))
        }
        let plan = try await fixture.run([
            item("done"), item("edited", "after"), item("failed"), item("chat", turns: ["one", "two"]), item("pending"),
        ]) { checkpoint in
            let pending = try await checkpoint.allPending()
            #expect(pending.map(\.key) == ["chat", "pending"])
            #expect(pending.first?.answeredTurns.count == 1)
            try await checkpoint.finishAll()
        }
        #expect(plan.done == 2)
        #expect(plan.failed == 1)
        #expect(plan.pending == 2)
        #expect(plan.orphaned == 1)
        #expect(plan.changed == 0)
        #expect(try fixture.value("PRAGMA integrity_check") == "ok")
        #expect(
            try fixture.results(includeOrphaned: true).map(\.key).sorted() == [
                "chat", "done", "edited", "failed", "left", "pending",
            ]
        )
        #expect(try fixture.value("SELECT text FROM results WHERE key = 'edited'") == "second answer")
        #expect(try fixture.value("SELECT class FROM failures WHERE key = 'failed'") == "safety")
        guard case .integer(let present) = try fixture.value("PRAGMA user_version") else { return }
        let copy = "\(fixture.path).backup-v\(version)"
        #expect(FileManager.default.fileExists(atPath: copy) == (version < present))
    }
}
