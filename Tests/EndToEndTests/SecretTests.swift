import Foundation
import Testing

/// Fault matrix, row F79: the key appears nowhere but in its header.
@Suite("Secrets", .serialized, .timeLimit(.minutes(1)))
struct SecretTests {
    private static let key = "AIzaSyD-a-key-that-must-not-leak-0123456789"

    // Fault matrix: F79.
    @Test(
        "the key appears in no file, output, event or process list",
        arguments: ["GEMINI_API_KEY", "GOOGLE_API_KEY", "file"]
    )
    func keyDoesNotLeak(source: String) async throws {
        let simulator = try await SimulatorProgram(
            script: #"""
                {"rules": [{"match": "bad", "fault": {"kind": "status", "status": 400}},
                    {"match": "cut", "attempts": [1], "fault": {"kind": "cut", "how": "reset"}},
                    {"match": "slow", "fault": {"kind": "stall"}}]}
                """#
        )
        let work = try Workspace(
            simulator,
            job: "model: m\nretry: {max_delay: 10ms}\nprompts: [one, bad, cut, slow]\noutput: {path: out/a.jsonl}\n"
        )
        // Outside the folder that is searched.
        let secret = try Workspace()
        let keyFile = try secret.write("\(Self.key)\n", to: "key")
        var environment = work.environment
        environment["GEMINI_API_KEY"] = nil
        var arguments = ["run", "job.yaml", "--json", "--grace", "0s"]
        if source == "file" {
            arguments += ["--key-file", keyFile]
        } else {
            environment[source] = Self.key
        }
        let program = try work.start(arguments, environment: environment)
        _ = await program.output.firstLine { $0.contains("\"item_done\"") && $0.contains("\"attempts\":2") }
        #if os(Linux)
            let commandLine = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(program.pid)/cmdline"))
            #expect(!commandLine.isEmpty && !Self.holdsKey(commandLine))
        #endif
        // While the run is alive its log is there too.
        try Self.expectNoKey(in: work.path)
        program.send(SIGTERM)
        let run = await work.outcome(of: program)
        #expect(run.status == 143, "\(run.errors)")
        var outputs = [run.output, run.errors]
        for command in [
            ["status", "job.yaml", "--json"], ["export", "job.yaml", "--state", "failed", "-o", "b.jsonl"],
        ] {
            let other = await work.outcome(of: try work.start(command, environment: environment))
            #expect(other.status == 0)
            outputs += [other.output, other.errors]
        }
        try Self.expectNoKey(in: work.path)
        #expect(outputs.allSatisfy { !$0.contains(Self.key) })
    }

    // Fault matrix: F79.
    @Test("a key that a server repeats in its error is not shown")
    func keyInErrorIsNotShown() async throws {
        let simulator = try await SimulatorProgram(
            script: #"""
                {"rules": [{"fault": {"kind": "status", "status": 403, "message": "the key \#(Self.key) is blocked"}}]}
                """#
        )
        let work = try Workspace(simulator, job: "model: m\nprompts: [one]\n")
        let environment = work.environment.merging(["GEMINI_API_KEY": Self.key]) { $1 }
        let run = try await work.genbatch("run", "job.yaml", "--json", environment: environment)
        #expect(run.status == 77, "\(run.errors)")
        #expect(!run.errors.contains(Self.key), "\(run.errors)")
        #expect(!run.output.contains(Self.key))
        try Self.expectNoKey(in: work.path)
        let prompt = try await work.genbatch("prompt", "--model", "m", "Hi", environment: environment)
        #expect(!prompt.errors.contains(Self.key), "\(prompt.errors)")
    }

    private static func expectNoKey(in folder: String) throws {
        let files = try #require(FileManager.default.enumerator(atPath: folder))
        var count = 0
        for case let name as String in files {
            // Folders have no contents.
            guard let contents = FileManager.default.contents(atPath: "\(folder)/\(name)") else { continue }
            count += 1
            #expect(!holdsKey(contents), "the key is in \(name)")
        }
        #expect(count > 1)
    }

    private static func holdsKey(_ contents: Data) -> Bool {
        contents.range(of: Data(key.utf8)) != nil
    }
}
