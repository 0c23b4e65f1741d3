import Foundation
import JSON
import TestSupport
import Testing

/// What `genbatch doctor` finds, and that it shows no key.
@Suite("The doctor", .serialized, .timeLimit(.minutes(2)))
struct DoctorTests {
    private static let job = "model: m\nprompts: [first, second]\n"

    /// Runs the doctor and reads its lines: the verdict of each check.
    private func verdicts(
        _ work: Workspace,
        _ arguments: [String],
        environment: [String: String] = [:],
        status: Int32
    ) async throws -> [String: String] {
        let all = work.environment.merging(environment) { $1 }
        let run = await work.outcome(of: try work.start(["doctor", "--json"] + arguments, environment: all))
        #expect(run.status == status, "\(run.output) \(run.errors)")
        for value in all.filter({ $0.key.hasSuffix("_KEY") }).values where !value.isEmpty {
            #expect(!run.output.contains(value) && !run.errors.contains(value), "the key is shown")
        }
        return Dictionary(
            try run.events().map { ($0["check"]?.string ?? "", $0["verdict"]?.string ?? "") },
            uniquingKeysWith: { $0 == "ok" ? $1 : $0 }
        )
    }

    @Test("all is well with a server that answers and a checkpoint that is whole")
    func findsNothing() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        #expect(try await verdicts(work, ["job.yaml"], status: 0)["checkpoint"] == "ok", "there is none yet")
        #expect(!work.exists(".genbatch"))
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        let found = try await verdicts(work, ["job.yaml"], status: 0)
        #expect(
            Set(found.keys).isSuperset(of: [
                "sqlite", "files", "space", "checkpoint", "rights", "key", "server", "network",
            ])
        )
        #expect(found.values.allSatisfy { $0 == "ok" }, "\(found)")
        #expect(try simulator.totals().requests == 2, "nothing is generated for it")
        let text = try await work.genbatch("doctor", ".genbatch/job.db")
        #expect(text.output.contains("genbatch lets one write") || text.output.contains("sqlite      version"))
    }

    // Fault matrix: F80.
    @Test("rights that are too wide, leftovers and rescued answers are worth a warning")
    func findsFiles() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        #expect(try await work.genbatch("backup", "job.yaml").status == 0)
        try work.write("half", to: ".genbatch/job.db.partial-99999999")
        try work.write("{}\n", to: ".genbatch/job.db.rescue-1.jsonl")
        try work.write("AIza-in-a-file", to: "key")
        #expect(try await work.shell("chmod 644 .genbatch/job.db key").status == 0)
        let found = try await verdicts(work, ["job.yaml", "--key-file", "key"], status: 0)
        #expect(found["rights"] == "warn")
        #expect(found["leftover"] == "warn")
        #expect(found["rescue"] == "warn")
        #expect(found["backups"] == "ok")
        #expect(found["key"] == "warn")
    }

    @Test("a missing key, a wrong one and an odd server address are told apart")
    func findsKeys() async throws {
        let work = try Workspace()
        let offline = ["--offline"]
        #expect(try await verdicts(work, offline, status: 0)["key"] == "ok")
        let none = ["GEMINI_API_KEY": ""]
        #expect(try await verdicts(work, offline, environment: none, status: 78)["key"] == "fail")
        let token = ["GEMINI_API_KEY": "auth_tokens/abc"]
        #expect(try await verdicts(work, offline, environment: token, status: 78)["key"] == "fail")
        let two = ["GOOGLE_API_KEY": "AIza-another"]
        #expect(try await verdicts(work, offline, environment: two, status: 0)["key"] == "warn")
        let plain = ["GOOGLE_GEMINI_BASE_URL": "http://example.com"]
        #expect(try await verdicts(work, offline, environment: plain, status: 78)["server"] == "fail")
        #expect(try await verdicts(work, ["--key-file", "none", "--offline"], status: 78)["key"] == "fail")
    }

    // Fault matrix: F49.
    @Test("the proxy that applies is named, and a server that cannot be reached fails")
    func findsNetwork() async throws {
        let work = try Workspace()
        let closed = ["GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:1"]
        #expect(try await verdicts(work, [], environment: closed, status: 78)["network"] == "fail")
        let environment = work.environment.merging(["https_proxy": "http://user:secret@127.0.0.1:1"]) { $1 }
        let proxied = await work.outcome(of: try work.start(["doctor"], environment: environment))
        #expect(proxied.status == 78)
        #expect(proxied.output.contains("http://127.0.0.1:1, from https_proxy"), "\(proxied.output)")
        #expect(proxied.output.contains("through the proxy http://127.0.0.1:1"), "\(proxied.output)")
        #expect(!proxied.output.contains("secret"))
        let capitals = ["HTTP_PROXY": "http://127.0.0.1:1"]
        #expect(try await verdicts(work, ["--offline"], environment: capitals, status: 0)["proxy"] == "warn")
        let exempt = ["https_proxy": "http://127.0.0.1:1", "no_proxy": ".googleapis.com"]
        #expect(try await verdicts(work, ["--offline"], environment: exempt, status: 0)["proxy"] == "ok")
    }

    @Test("a clock that differs from the server's is worth a warning")
    func findsSkew() async throws {
        let server = try LoopbackServer { _, connection in
            connection.respond(404, [("Date", "Sat, 22 Nov 2025 18:29:00 GMT")], "")
        }
        defer { server.close() }
        let work = try Workspace()
        let address = ["GOOGLE_GEMINI_BASE_URL": server.url]
        #expect(try await verdicts(work, [], environment: address, status: 0)["clock"] == "warn")
        #expect(try await verdicts(work, ["--offline"], environment: address, status: 0)["clock"] == nil)
        #expect(server.requests.count == 1)
        #expect(server.requests.allSatisfy { $0.header("x-goog-api-key") == nil }, "the key is not needed for that")
    }
}
