import Foundation
import Testing

/// What docs/checkpoint.md tells users to type works as it stands there.
@Suite("The documents", .serialized, .timeLimit(.minutes(1)))
struct DocumentedTests {
    @Test("the commands of docs/checkpoint.md run")
    func commandsRun() async throws {
        let document = try String(
            contentsOf: BuiltProducts.package.appendingPathComponent("docs/checkpoint.md"),
            encoding: .utf8
        )
        let lines = document.components(separatedBy: "\n```").dropFirst().enumerated().flatMap { index, block in
            // Every other piece stands between two fences.
            index.isMultiple(of: 2) ? block.split(separator: "\n").dropFirst().map(String.init) : []
        }
        #expect(lines.count >= 20, "\(lines)")
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\nprompts: [{id: scones, prompt: one}, two]\n")
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        #expect(try await work.shell("ln .genbatch/job.db job.db && mkdir backups").status == 0)
        let products = URL(fileURLWithPath: try BuiltProducts.path(of: "genbatch")).deletingLastPathComponent().path
        for line in lines {
            // The only path outside the folder.
            let command = line.replacingOccurrences(of: "/backups/", with: "backups/")
            let run = try await work.shell("PATH=\(products):$PATH; \(command)")
            #expect(run.status == 0, "\(line): \(run.errors)")
        }
        #expect(try work.checkpoint("salvaged.db").states() == ["done": 2])
        #expect(try work.checkpoint("backups/job.db").states() == ["done": 2])
    }
}
