import Foundation
import JSON
import TestSupport
import Testing

/// What docs/checkpoint.md tells users to type works as it stands there.
@Suite("The documents", .serialized, .timeLimit(.minutes(1)))
struct DocumentedTests {
    /// The commands between the fences of a document.
    private func commands(of name: String) throws -> [String] {
        let document = try String(contentsOf: BuiltProducts.package.appendingPathComponent(name), encoding: .utf8)
        return document.components(separatedBy: "\n```").dropFirst().enumerated().flatMap { index, block in
            // Every other piece stands between two fences.
            index.isMultiple(of: 2) ? block.split(separator: "\n").dropFirst().map(String.init) : []
        }
    }

    /// Runs commands in the folder of a job, and expects them to succeed.
    private func run(_ lines: [String], in work: Workspace) async throws {
        let products = URL(fileURLWithPath: try BuiltProducts.path(of: "genbatch")).deletingLastPathComponent().path
        for line in lines {
            let run = try await work.shell("PATH=\(products):$PATH; \(line)")
            #expect(run.status == 0, "\(line): \(run.errors)")
        }
    }

    @Test("the commands of docs/checkpoint.md run")
    func commandsRun() async throws {
        let lines = try commands(of: "docs/checkpoint.md")
        #expect(lines.count >= 20, "\(lines)")
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\nprompts: [{id: scones, prompt: one}, two]\n")
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        #expect(try await work.shell("ln .genbatch/job.db job.db && mkdir backups").status == 0)
        // The only path outside the folder.
        try await run(lines.map { $0.replacingOccurrences(of: "/backups/", with: "backups/") }, in: work)
        #expect(try work.checkpoint("salvaged.db").states() == ["done": 2])
        #expect(try work.checkpoint("backups/job.db").states() == ["done": 2])
    }

    @Test("the recipes of docs/export.md run")
    func recipesRun() async throws {
        // DuckDB is not packaged everywhere.
        let hasDuckDB = (try? Command.find("duckdb", advice: "")) != nil
        let lines = try commands(of: "docs/export.md").filter { hasDuckDB || !$0.contains("duckdb") }
        #expect(lines.count >= 10, "\(lines)")
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\nprompts: [{id: scones, prompt: one}, two]\n")
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        try await run(lines.map { "set -e; \($0)" }, in: work)
        #expect(try await work.shell("sqlite3 results.db 'SELECT count(*) FROM results'").output == "2\n")
        let text = try await work.export().first?["text"]?.string
        #expect(try work.read("answer-0.txt") == text)
    }

    @Test("docs/export.md names every field that there is")
    func fieldsAreDocumented() async throws {
        let page = try String(
            contentsOf: BuiltProducts.package.appendingPathComponent("docs/export.md"),
            encoding: .utf8
        )
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\nprompts: [one]\n")
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        let refused = try await work.genbatch("export", "job.yaml", "--fields", "?")
        let fields = try #require(refused.errors.components(separatedBy: "the fields are: ").last)
            .components(separatedBy: ", ").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        #expect(fields.count > 20, "\(refused.errors)")
        for field in fields {
            #expect(page.contains("`\(field)`"), "\(field)")
        }
    }
}
