import Foundation
import Synchronization
import TestSupport
import Testing

/// What others are told of a run.
@Suite("Notices of a run", .serialized, .timeLimit(.minutes(2)))
struct NoticeTests {
    private static let job = "model: m\nprompts: [one, two, three]\n"
    private static let refusal = #"{"rules": [{"match": "two", "fault": {"kind": "status", "status": 400}}]}"#

    @Test("the command at the end has the figures and not the key, and the status of the run stays")
    func runsCommand() async throws {
        let simulator = try await SimulatorProgram(script: Self.refusal)
        let work = try Workspace(simulator, job: Self.job)
        let script = "env | grep -e ^GENBATCH_ -e _API_KEY >figures; echo said; exit 7"
        let run = try await work.genbatch("run", "job.yaml", "--json", "--on-finish", script)
        #expect(run.status == 3, "\(run.errors)")
        #expect(run.errors.contains("genbatch: the command of --on-finish ended with 7\n"), "\(run.errors)")
        #expect(run.errors.contains("said\n") && !run.output.contains("said"))
        let lines = Set(try work.read("figures").split(separator: "\n").map(String.init))
        let expected: Set<String> = [
            "GENBATCH_JOB=job.yaml", "GENBATCH_EXIT_CODE=3", "GENBATCH_RUN_DONE=2", "GENBATCH_RUN_FAILED=1",
            "GENBATCH_ITEMS=3", "GENBATCH_DONE=2", "GENBATCH_FAILED=1", "GENBATCH_LEFT=0", "GENBATCH_REQUESTS=3",
            "GENBATCH_RETRIES=0", "GENBATCH_RESUME=genbatch resume job.yaml", "GENBATCH_COST_USD=",
        ]
        #expect(lines.isSuperset(of: expected), "\(lines)")
        #expect(!lines.contains { $0.contains("API_KEY") })
    }

    @Test("the command is run as well when the run could not begin")
    func runsCommandAfterFailure() async throws {
        let work = try Workspace(job: "model: m\n")
        let run = try await work.genbatch(
            "run",
            "job.yaml",
            "--on-finish",
            "echo \"$GENBATCH_EXIT_CODE[$GENBATCH_RUN_DONE]\" >figures"
        )
        #expect(run.status == 65, "\(run.errors)")
        #expect(try work.read("figures") == "65[]\n")
    }

    /// What a health check was asked for by a run.
    private func targets(_ work: Workspace, query: String = "", status: Int32) async throws -> [String] {
        let server = try LoopbackServer { _, connection in
            connection.respond(200, [], "OK")
        }
        defer { server.close() }
        let run = try await work.genbatch("run", "job.yaml", "--quiet", "--ping", "\(server.url)/uuid\(query)")
        #expect(run.status == status, "\(run.errors)")
        #expect(server.requests.allSatisfy { $0.method == "GET" && $0.header("x-goog-api-key") == nil })
        return server.requests.map(\.target)
    }

    @Test("a health check is called at the start and at the end")
    func pings() async throws {
        let simulator = try await SimulatorProgram(script: Self.refusal)
        let work = try Workspace(simulator, job: Self.job)
        #expect(try await targets(work, status: 3) == ["/uuid/start", "/uuid/fail"])
        try work.write("model: m\nprompts: [one, three]\n", to: "job.yaml")
        #expect(try await targets(work, query: "?a=b", status: 0) == ["/uuid/start?a=b", "/uuid?a=b"])
    }

    @Test("a health check that is not there, or that refuses, does not change the run and is not named")
    func survivesPings() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        let server = try LoopbackServer { _, connection in
            connection.respond(404, [], "")
        }
        let refused = try await work.genbatch("run", "job.yaml", "--quiet", "--ping", "\(server.url)/uuid")
        #expect(refused.status == 0)
        #expect(refused.errors.contains("--ping was not reached: it answered with status 404"), "\(refused.errors)")
        server.close()
        let gone = try await work.genbatch("run", "job.yaml", "--quiet", "--ping", "\(server.url)/uuid")
        #expect(gone.status == 0)
        #expect(gone.errors.contains("--ping was not reached: ") && !gone.errors.contains("uuid"), "\(gone.errors)")
        for address in ["ftp://example.org/x", "https://", "uuid", "https://a b"] {
            #expect(try await work.genbatch("run", "job.yaml", "--ping", address).status == 64, "\(address)")
        }
    }

    @Test("the metrics of the last run are there for another user, and remember the last success")
    func writesMetrics() async throws {
        let simulator = try await SimulatorProgram(script: Self.refusal)
        let work = try Workspace(simulator, job: "model: m\nprompts: [one, three]\n")
        let success = try await work.genbatch("run", "job.yaml", "--metrics-file", "genbatch.prom")
        #expect(success.status == 0, "\(success.errors)")
        let first = try work.read("genbatch.prom").split(separator: "\n")
        let name = "genbatch_last_success_timestamp_seconds{job_file=\"job.yaml\"}"
        let time = try #require(first.first { $0.hasPrefix(name) })
        try work.write(Self.job, to: "job.yaml")
        let failure = try await work.genbatch("run", "job.yaml", "--metrics-file", "genbatch.prom")
        #expect(failure.status == 3, "\(failure.errors)")
        let lines = try work.read("genbatch.prom").split(separator: "\n")
        let expected: [Substring] = [
            "genbatch_run_exit_code{job_file=\"job.yaml\"} 3", time,
            "genbatch_run_items{job_file=\"job.yaml\",state=\"failed\"} 1",
            "genbatch_run_requests{job_file=\"job.yaml\"} 1",
            "genbatch_items{job_file=\"job.yaml\",state=\"done\"} 2", "# EOF",
        ]
        for line in expected { #expect(lines.contains(line), "\(line)") }
        #expect(lines.allSatisfy { $0.hasPrefix("#") || $0.contains("{job_file=\"job.yaml\"") })
        let path = "\(work.path)/genbatch.prom"
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o644)
        #expect(try FileManager.default.contentsOfDirectory(atPath: work.path).allSatisfy { !$0.contains(".partial") })

        let nowhere = try await work.genbatch("run", "job.yaml", "--metrics-file", "no/where.prom")
        #expect(nowhere.status == 3 && nowhere.errors.contains("cannot create no/where.prom"), "\(nowhere.errors)")
    }
}
