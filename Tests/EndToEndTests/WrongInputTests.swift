import Foundation
import TestSupport
import Testing

/// Wrong input: the right exit status, and words that say what to do.
@Suite("Wrong input", .serialized, .timeLimit(.minutes(2)))
struct WrongInputTests {
    /// A command that cannot be right.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The job file.
        var job = "model: m\nprompts: [one]\n"
        var arguments = ["run", "job.yaml"]
        let status: Int32
        /// What standard error holds, all of it.
        let says: [String]

        static let inJobFiles = [
            Mistake(
                testDescription: "an unknown key",
                job: "modle: m\nprompts: [one]\n",
                status: 65,
                says: ["job.yaml:1:1: error: unknown key \"modle\"", "  modle: m\n  ^", "did you mean \"model\"?"]
            ),
            Mistake(
                testDescription: "two values of a wrong type",
                job: "model: m\nlimits: {concurrency: many}\nprompts: 5\n",
                status: 65,
                says: ["job.yaml:2:23: error:", "whole number", "job.yaml:3:10: error:", "must be a list"]
            ),
            Mistake(
                testDescription: "an id that is given twice",
                job: "model: m\nprompts:\n  - {id: a, prompt: x}\n  - {id: a, prompt: y}\n",
                status: 65,
                says: ["job.yaml:4:10: error: the id \"a\" is given twice, first in line 3"]
            ),
            Mistake(
                testDescription: "a key that is given twice",
                job: "model: m\nmodel: n\nprompts: [x]\n",
                status: 65,
                says: ["job.yaml:2:1: error:", "line 1"]
            ),
            Mistake(
                testDescription: "an unknown variable",
                job: "model: m\nvars: {name: you}\nprompts: [\"Hello {{nmae}}\"]\n",
                status: 65,
                says: ["job.yaml:3:18: error: unknown variable \"nmae\"", "did you mean \"name\"?"]
            ),
            Mistake(
                testDescription: "YAML that is none",
                job: "model: m\nprompts: [one\nstream: true\n",
                status: 65,
                says: ["job.yaml:"]
            ),
            Mistake(testDescription: "an empty file", job: "", status: 65, says: ["the file is empty"]),
            Mistake(testDescription: "no items", job: "model: m\n", status: 65, says: ["add `prompts` or `inputs`"]),
            Mistake(
                testDescription: "concurrency 0",
                job: "model: m\nlimits: {concurrency: 0}\nprompts: [x]\n",
                status: 65,
                says: ["job.yaml:2:23: error:"]
            ),
            Mistake(
                testDescription: "a file outside the folder of the job",
                job: "model: m\nprompts: [{prompt: x, images: [/etc/hostname.png]}]\n",
                status: 65,
                says: ["job.yaml:2:32: error:", "--allow-folder"]
            ),
            Mistake(
                testDescription: "a missing data file",
                job: "model: m\ninputs: [{jsonl: no.jsonl}]\nprompt: \"{{x}}\"\n",
                status: 66,
                says: ["job.yaml:2:18: error: no.jsonl cannot be read: No such file"]
            ),
        ]

        static let onTheCommandLine = [
            Mistake(testDescription: "no command line", arguments: ["run"], status: 64, says: ["Usage: genbatch run"]),
            Mistake(
                testDescription: "an unknown option",
                arguments: ["run", "job.yaml", "--concurency", "3"],
                status: 64,
                says: ["--concurency"]
            ),
            Mistake(
                testDescription: "a limit of 0",
                arguments: ["run", "job.yaml", "--limit", "0"],
                status: 64,
                says: ["--limit must be at least 1"]
            ),
            Mistake(
                testDescription: "a simulator with a server of one's own",
                arguments: ["run", "job.yaml", "--simulate", "--base-url", "https://example.com"],
                status: 64,
                says: ["--simulate brings its own server"]
            ),
            Mistake(
                testDescription: "a missing job file",
                arguments: ["run", "no.yaml"],
                status: 66,
                says: ["no.yaml cannot be read: No such file"]
            ),
            Mistake(
                testDescription: "a folder as checkpoint",
                arguments: ["run", "job.yaml", "--db", "."],
                status: 78,
                says: ["it is not a regular file", "--db"]
            ),
            Mistake(
                testDescription: "resume without a checkpoint",
                arguments: ["resume", "job.yaml"],
                status: 66,
                says: ["there is no checkpoint at", "`genbatch run JOB` makes one"]
            ),
            Mistake(
                testDescription: "resume of a checkpoint that is not there",
                arguments: ["resume", "no.db"],
                status: 66,
                says: ["there is no checkpoint at no.db"]
            ),
            Mistake(
                testDescription: "status before any run",
                arguments: ["status", "job.yaml"],
                status: 66,
                says: ["there is no checkpoint at"]
            ),
            Mistake(
                testDescription: "plain http to another machine",
                arguments: ["run", "job.yaml", "--base-url", "http://192.0.2.1"],
                status: 78,
                says: ["plain http to another machine", "use https"]
            ),
            Mistake(
                testDescription: "a key file that is not there",
                arguments: ["run", "job.yaml", "--key-file", "no.key"],
                status: 66,
                says: ["cannot read the key file no.key"]
            ),
        ]
    }

    // Fault matrix: F54.
    @Test("a mistake in a job file is shown with its place, by run and by check", arguments: Mistake.inJobFiles)
    func mistakeInJobFile(mistake: Mistake) async throws {
        let work = try Workspace(job: mistake.job)
        for command in ["run", "check"] {
            let run = try await work.genbatch(command, "job.yaml")
            #expect(run.status == mistake.status, "\(run.errors)")
            #expect(run.output.isEmpty)
            for words in mistake.says {
                #expect(run.errors.contains(words), "\(run.errors)")
            }
        }
        #expect(!work.exists(".genbatch"), "a job that is wrong leaves no checkpoint behind")
    }

    @Test("a mistake on the command line is named", arguments: Mistake.onTheCommandLine)
    func mistakeOnCommandLine(mistake: Mistake) async throws {
        let work = try Workspace(job: mistake.job)
        let run = await work.outcome(of: try work.start(mistake.arguments))
        #expect(run.status == mistake.status, "\(run.errors)")
        #expect(run.output.isEmpty)
        for words in mistake.says {
            #expect(run.errors.contains(words), "\(run.errors)")
        }
        #expect(!work.exists(".genbatch"), "nothing was begun")
    }

    @Test("a bad row is shown with its line, and nothing is sent or kept of the good ones")
    func badRow() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\ninputs: [{jsonl: r.jsonl}]\nprompt: \"{{n}}\"\n")
        try work.write("{\"n\": 1}\n{\"n\": 2}\n{\"n\": \n{\"m\": 4}\n", to: "r.jsonl")
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 65, "\(run.errors)")
        #expect(run.errors.contains("r.jsonl:3"), "\(run.errors)")
        #expect(run.errors.contains("r.jsonl:4"), "\(run.errors)")
        #expect(try simulator.totals().requests == 0)
        #expect(try work.checkpoint().integer("SELECT count(*) FROM item") == 0)
    }

    // Fault matrix: F57.
    @Test("data that has become empty is refused, and orphans nothing")
    func emptiedData() async throws {
        let simulator = try await SimulatorProgram()
        let job = "model: m\ninputs: [{jsonl: r.jsonl}]\nprompt: \"{{n}}\"\n"
        let work = try Workspace(simulator, job: job)
        try work.write("{\"n\": 1}\n", to: "r.jsonl")
        #expect(try await work.genbatch("run", "job.yaml").status == 0)
        try work.write("", to: "r.jsonl")
        for command in ["run", "check"] {
            let run = try await work.genbatch(command, "job.yaml")
            #expect(run.status == 66, "\(run.errors)")
            #expect(run.errors.contains("the job has no items: there are no rows in r.jsonl"), "\(run.errors)")
        }
        #expect(try work.checkpoint().integer("SELECT count(*) FROM item WHERE position IS NOT NULL") == 1)
    }

    @Test("a checkpoint beside --db is refused: one of them is a mistake", arguments: ["resume", "status", "export"])
    func checkpointTwice(command: String) async throws {
        let work = try Workspace(job: "model: m\nprompts: [one]\n")
        let run = try await work.genbatch(command, "a.db", "--db", "b.db")
        #expect(run.status == 64)
        #expect(run.errors.contains("a.db is a checkpoint already; leave out --db"), "\(run.errors)")
    }

    @Test("without a key a run says where keys come from, under cron too")
    func noKey() async throws {
        let work = try Workspace(job: "model: m\nprompts: [one]\n")
        let shell = try await work.genbatch("run", "job.yaml", environment: ["PATH": "/usr/bin:/bin", "TERM": "xterm"])
        #expect(shell.status == 78)
        #expect(shell.errors.contains("set GEMINI_API_KEY (or GOOGLE_API_KEY)"), "\(shell.errors)")
        #expect(!shell.errors.contains("cron"))

        // Exactly what cron passes.
        let cron = try await work.genbatch(
            "run",
            "job.yaml",
            environment: ["HOME": work.path, "LOGNAME": "me", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"]
        )
        #expect(cron.status == 78)
        #expect(cron.errors.contains("cron does not load your shell profile: use --key-file"), "\(cron.errors)")
        #expect(!work.exists(".genbatch"), "nothing was begun")
    }

    // Fault matrix: F41, F42.
    @Test(
        "a server that nobody listens at stops the run with 69, and the items stay pending",
        arguments: [("http://127.0.0.1:1", "127.0.0.1"), ("https://genbatch.invalid", "genbatch.invalid")]
    )
    func unreachable(url: String, host: String) async throws {
        let work = try Workspace(job: "model: m\nretry: {attempts: 2, max_delay: 10ms}\nprompts: [one, two, three]\n")
        let run = try await work.genbatch("run", "job.yaml", "--base-url", url)
        #expect(run.status == 69, "\(run.errors)")
        #expect(run.errors.contains(host), "\(run.errors)")
        #expect(run.errors.contains("genbatch resume job.yaml"), "\(run.errors)")
        let facts = try work.checkpoint()
        #expect(try facts.states() == ["pending": 3])
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE possibly_billed") == 0)
    }

    // Fault matrix: F48.
    @Test("a server with which TLS fails stops the run at once with 69, and the message names the way out")
    func brokenTLS() async throws {
        let server = try LoopbackServer(connections: { connection in
            _ = connection.receive()
            connection.respond(400, [], "this is plain http")
        })
        defer { server.close() }
        let work = try Workspace(job: "model: m\nlimits: {concurrency: 1}\nprompts: [one, two, three]\n")
        let run = try await work.genbatch("run", "job.yaml", "--base-url", "https://127.0.0.1:\(server.port)")
        #expect(run.status == 69, "\(run.errors)")
        #expect(run.errors.contains("certificate authority of your own"), "\(run.errors)")
        let facts = try work.checkpoint()
        #expect(try facts.states() == ["pending": 3])
        #expect(try facts.texts("SELECT class FROM attempt") == ["tls"])
    }

    @Test(
        "every help page prints and exits 0",
        arguments: ["", "run", "resume", "check", "status", "export", "prompt"]
    )
    func help(command: String) async throws {
        let work = try Workspace()
        let help = await work.outcome(of: try work.start(["help"] + (command.isEmpty ? [] : [command])))
        #expect(help.status == 0)
        #expect(help.output.contains("USAGE: genbatch" + (command.isEmpty ? "" : " \(command)")), "\(help.output)")
        #expect(help.output.contains("EXAMPLE"))
        #expect(help.errors.isEmpty)
    }
}
