import Foundation
import JSON
import TestSupport
import Testing

/// A run against Vertex AI: signing in, and which of all that names a backend decides.
@Suite("Vertex AI", .serialized, .timeLimit(.minutes(2)))
struct VertexTests {
    private static let job = "model: m\nbackend: vertex\nvertex: {project: acme-42, location: europe-west4}\n"
    private static let token = "ya29.a-token-that-must-not-leak"

    /// Google Cloud on loopback: `/token` gives tokens, everything else answers.
    private static func cloud(refusal: String? = nil) throws -> LoopbackServer {
        try LoopbackServer { request, connection in
            if request.target != "/token" {
                let answer =
                    #"{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]},"finishReason":"STOP"}]}"#
                connection.respond(200, [("Content-Type", "text/event-stream")], "data: \(answer)\n\n")
            } else if let refusal {
                connection.respond(400, [], refusal)
            } else {
                connection.respond(200, [], #"{"access_token":"\#(token)","expires_in":3599,"token_type":"Bearer"}"#)
            }
        }
    }

    /// A folder with a job, the key of a service account beside it, and no API key in the environment.
    private static func workspace(
        _ cloud: LoopbackServer,
        job: String = job + "prompts: [one, two]\n"
    ) throws -> (Workspace, [String: String]) {
        let work = try Workspace(job: job)
        // The project of the job is the one that counts.
        let path = try work.write(try TestAccount.file("\(cloud.url)/token", ["project_id": ""]), to: "key.json")
        var environment = work.environment
        environment["GEMINI_API_KEY"] = nil
        environment["GOOGLE_VERTEX_BASE_URL"] = cloud.url
        environment["GOOGLE_APPLICATION_CREDENTIALS"] = path
        return (work, environment)
    }

    private static func path(_ project: String, _ location: String) -> String {
        "/v1beta1/projects/\(project)/locations/\(location)/publishers/google/models/m:streamGenerateContent?alt=sse"
    }

    @Test("a job signs in once, runs in its own place, and leaves no token behind")
    func run() async throws {
        let cloud = try Self.cloud()
        defer { cloud.close() }
        let (work, environment) = try Self.workspace(cloud)
        let run = try await work.genbatch("run", "job.yaml", "--json", environment: environment)
        #expect(run.status == 0, "\(run.errors)")
        #expect(cloud.requests.map(\.target).filter { $0 == "/token" }.count == 1)
        let requests = cloud.requests.filter { $0.target != "/token" }
        #expect(requests.map(\.target) == Array(repeating: Self.path("acme-42", "europe-west4"), count: 2))
        #expect(requests.allSatisfy { $0.header("authorization") == "Bearer \(Self.token)" })
        let files = try #require(FileManager.default.enumerator(atPath: work.path)).compactMap { $0 as? String }
        #expect(files.contains(".genbatch/job.db"))
        for name in files {
            let contents = FileManager.default.contents(atPath: "\(work.path)/\(name)") ?? Data()
            #expect(contents.range(of: Data(Self.token.utf8)) == nil, "the token is in \(name)")
        }
        #expect(!(run.output + run.errors).contains(Self.token))
    }

    @Test("a checkpoint remembers the backend")
    func resume() async throws {
        let cloud = try Self.cloud()
        defer { cloud.close() }
        let (work, environment) = try Self.workspace(cloud)
        #expect(try await work.genbatch("run", "job.yaml", "--limit", "1", environment: environment).status == 75)
        try FileManager.default.removeItem(atPath: "\(work.path)/job.yaml")
        let resume = try await work.genbatch("resume", ".genbatch/job.db", environment: environment)
        #expect(resume.status == 0, "\(resume.errors)")
        let requests = cloud.requests.filter { $0.target != "/token" }
        #expect(requests.map(\.target) == Array(repeating: Self.path("acme-42", "europe-west4"), count: 2))
    }

    @Test("the command line goes before the environment, and that before the job")
    func precedence() async throws {
        let cloud = try Self.cloud()
        defer { cloud.close() }
        let (work, environment) = try Self.workspace(cloud)
        let place = ["GOOGLE_CLOUD_PROJECT": "env-p", "GOOGLE_CLOUD_LOCATION": "us"]
        var expected: [String] = []
        func run(_ options: [String], _ variables: [String: String], _ target: String) async throws {
            let arguments = ["run", "job.yaml", "--db", "\(expected.count).db", "--limit", "1"] + options
            let variables = environment.merging(variables) { $1 }
            let outcome = await work.outcome(of: try work.start(arguments, environment: variables))
            #expect(outcome.status == 75, "\(outcome.errors)")
            expected.append(target)
            #expect(cloud.requests.map(\.target).filter { $0 != "/token" } == expected)
        }
        let gemini = "/v1beta/models/m:streamGenerateContent?alt=sse"
        let key = ["GEMINI_API_KEY": Workspace.key, "GOOGLE_GEMINI_BASE_URL": cloud.url]
        try await run([], place, Self.path("env-p", "us"))
        try await run(["--project", "p", "--location", "eu"], place, Self.path("p", "eu"))
        // The key is there for other jobs: this one names its project.
        try await run([], key, Self.path("acme-42", "europe-west4"))
        try await run([], key.merging(["GOOGLE_GENAI_USE_VERTEXAI": "false"]) { $1 }, gemini)
        try await run(
            ["--backend", "vertex"],
            key.merging(["GOOGLE_GENAI_USE_VERTEXAI": "0"]) { $1 },
            Self.path("acme-42", "europe-west4")
        )
        try await run(["--backend", "gemini"], key.merging(["GOOGLE_GENAI_USE_VERTEXAI": "1"]) { $1 }, gemini)
    }

    @Test("a job that names no backend follows the environment")
    func environment() async throws {
        let cloud = try Self.cloud()
        defer { cloud.close() }
        let (work, environment) = try Self.workspace(cloud, job: "model: m\nprompts: [one]\n")
        let run = try await work.genbatch(
            "run",
            "job.yaml",
            environment: environment.merging([
                "GOOGLE_GENAI_USE_ENTERPRISE": "True", "GOOGLE_CLOUD_PROJECT": "env-p",
            ]) { $1 }
        )
        #expect(run.status == 0, "\(run.errors)")
        #expect(cloud.requests.last?.target == Self.path("env-p", "global"))
    }

    @Test("without credentials nothing is begun, and the message says how to get some")
    func missingCredentials() async throws {
        let cloud = try Self.cloud()
        defer { cloud.close() }
        var (work, environment) = try Self.workspace(cloud)
        environment["GOOGLE_APPLICATION_CREDENTIALS"] = nil
        environment["NO_GCE_CHECK"] = "true"
        let none = try await work.genbatch("run", "job.yaml", environment: environment)
        #expect(none.status == 78)
        #expect(none.errors.contains("gcloud auth application-default login"), "\(none.errors)")
        #expect(!none.errors.contains("cron"))
        environment["TERM"] = nil
        let cron = try await work.genbatch("run", "job.yaml", environment: environment)
        #expect(cron.status == 78)
        #expect(cron.errors.contains("cron does not load your shell profile: use --credentials"), "\(cron.errors)")
        let gone = try await work.genbatch("run", "job.yaml", "--credentials", "no.json", environment: environment)
        #expect(gone.status == 78)
        #expect(gone.errors.contains("the credentials file no.json cannot be used"), "\(gone.errors)")
        #expect(!work.exists(".genbatch"))
        #expect(cloud.requests.isEmpty)
    }

    @Test("credentials that Google refuses end the run before it begins")
    func refusedCredentials() async throws {
        let cloud = try Self.cloud(refusal: #"{"error":"invalid_grant","error_description":"account not found"}"#)
        defer { cloud.close() }
        let (work, environment) = try Self.workspace(cloud)
        let run = try await work.genbatch("run", "job.yaml", environment: environment)
        #expect(run.status == 77)
        #expect(run.errors.contains("account not found"), "\(run.errors)")
        #expect(!work.exists(".genbatch"))
        #expect(cloud.requests.count == 1)
        let prompt = try await work.genbatch(
            "prompt",
            "--model",
            "m",
            "--backend",
            "vertex",
            "--project",
            "p",
            "Hi",
            environment: environment
        )
        #expect(prompt.status == 77, "\(prompt.errors)")
    }

    @Test(
        "options of Vertex AI are not passed over in silence",
        arguments: [["--project", "p"], ["--location", "us"], ["--credentials", "key.json"]]
    )
    func stray(options: [String]) async throws {
        let work = try Workspace(job: "model: m\nprompts: [one]\n")
        let run = await work.outcome(of: try work.start(["run", "job.yaml"] + options))
        #expect(run.status == 64)
        #expect(run.errors.contains("\(options[0]) is for Vertex AI; add --backend vertex"), "\(run.errors)")
    }

    @Test("the simulator answers for Vertex AI too")
    func simulated() async throws {
        let work = try Workspace(job: Self.job + "prompts: [one]\n")
        var environment = work.environment
        environment["GEMINI_API_KEY"] = nil
        let run = try await work.genbatch("run", "job.yaml", "--simulate", environment: environment)
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test("the interrupted run's advice names the same server and sign-in")
    func advice() async throws {
        let cloud = try Self.cloud()
        defer { cloud.close() }
        let (work, environment) = try Self.workspace(cloud)
        let run = try await work.genbatch(
            "run",
            "job.yaml",
            "--limit",
            "1",
            "--credentials",
            "key.json",
            "--location",
            "us",
            environment: environment
        )
        #expect(run.status == 75)
        #expect(
            run.errors.contains("genbatch resume job.yaml --location us --credentials key.json"),
            "\(run.errors)"
        )
    }
}
