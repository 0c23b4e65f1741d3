import Foundation
import JSON
import Testing

/// Fault matrix, rows F46 and F47 and section G: what the service answers, and fails to answer.
@Suite("Faults of the service", .serialized, .timeLimit(.minutes(3)))
struct ServiceFaultTests {
    /// A fault of the first attempt that another attempt makes good.
    struct Transient: Sendable, CustomTestStringConvertible {
        let fault: String
        let failureClass: String
        /// Whether the answer is in one piece.
        var stream = true
        var testDescription: String { fault + (stream ? "" : ", whole") }

        static let all = [
            Transient(fault: #"{"kind": "cut", "afterChunks": 2, "how": "end"}"#, failureClass: "cut_stream"),
            Transient(fault: #"{"kind": "cut", "afterChunks": 2, "how": "close"}"#, failureClass: "cut_stream"),
            Transient(fault: #"{"kind": "cut", "afterChunks": 2, "how": "reset"}"#, failureClass: "cut_stream"),
            Transient(fault: #"{"kind": "noFinishReason"}"#, failureClass: "cut_stream"),
            Transient(fault: #"{"kind": "emptyStream"}"#, failureClass: "empty"),
            Transient(fault: #"{"kind": "usageOnly"}"#, failureClass: "empty"),
            Transient(fault: #"{"kind": "status", "status": 503}"#, failureClass: "overloaded"),
            Transient(fault: #"{"kind": "status", "status": 500}"#, failureClass: "server"),
            Transient(fault: #"{"kind": "status", "status": 504, "body": "html"}"#, failureClass: "server"),
            Transient(
                fault: #"{"kind": "errorInStream", "afterChunks": 2, "status": 503}"#,
                failureClass: "overloaded"
            ),
            Transient(fault: #"{"kind": "bareError", "status": 500}"#, failureClass: "server"),
            Transient(fault: #"{"kind": "brokenJSON", "atChunk": 2}"#, failureClass: "malformed"),
            Transient(fault: #"{"kind": "finishReason", "reason": "MALFORMED_RESPONSE"}"#, failureClass: "malformed"),
            Transient(fault: #"{"kind": "stall", "afterChunks": 2}"#, failureClass: "timeout_idle"),
            Transient(
                fault: #"{"kind": "delay", "beforeHeadMilliseconds": 600000}"#,
                failureClass: "timeout_first_chunk"
            ),
            Transient(fault: #"{"kind": "cut", "how": "close"}"#, failureClass: "network", stream: false),
            Transient(fault: #"{"kind": "brokenJSON"}"#, failureClass: "cut_stream", stream: false),
        ]
    }

    // Fault matrix: F46, F47, F64, F67, F69.
    @Test("a fault that may pass is tried again", arguments: Transient.all)
    func retriesTransient(transient: Transient) async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"attempts": [1], "fault": \#(transient.fault)}]}"#
        )
        let work = try Workspace(
            simulator,
            job: """
                model: m
                stream: \(transient.stream)
                retry: {max_delay: 20ms}
                timeouts: {first_chunk: 1s, idle: 1s}
                prompts: [Tell me of tides.]
                """
        )
        let run = try await work.genbatch("run", "job.yaml", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let failed = try run.events().filter { $0["type"]?.string == "attempt_failed" }
        #expect(failed.first?["class"]?.string == transient.failureClass, "\(run.output)")
        #expect(failed.first?["attempt"]?.int64 == 1)
        let facts = try work.checkpoint()
        #expect(try facts.states() == ["done": 1])
        #expect(try facts.texts("SELECT status FROM attempt").starts(with: ["failed", "answered"]))
        // A text that broke off is kept for display, and is no part of the answer.
        let plain = try await PlainAnswers.shared.answers(to: ["Tell me of tides."])
        #expect(try facts.texts("SELECT text FROM results") == plain)
    }

    /// A fault after which trying again would give the same.
    struct Permanent: Sendable, CustomTestStringConvertible {
        let fault: String
        let failureClass: String
        let says: String
        var testDescription: String { fault }

        static let all = [
            Permanent(fault: #"{"kind": "status", "status": 400}"#, failureClass: "invalid_request", says: "HTTP 400"),
            Permanent(fault: #"{"kind": "status", "status": 413}"#, failureClass: "invalid_request", says: "HTTP 413"),
            Permanent(
                fault: #"{"kind": "status", "status": 302, "location": "http://127.0.0.1:1/"}"#,
                failureClass: "invalid_request",
                says: "redirects are not followed"
            ),
            Permanent(fault: #"{"kind": "blockedPrompt"}"#, failureClass: "blocked_prompt", says: "PROHIBITED_CONTENT"),
            Permanent(
                fault: #"{"kind": "finishReason", "reason": "SAFETY", "afterChunks": 2}"#,
                failureClass: "safety",
                says: "SAFETY"
            ),
            Permanent(
                fault: #"{"kind": "finishReason", "reason": "RECITATION"}"#,
                failureClass: "recitation",
                says: "RECITATION"
            ),
        ]
    }

    // Fault matrix: F50, F65, F66.
    @Test("a fault that stays fails its item alone, and the run exits 3", arguments: Permanent.all)
    func failsItem(permanent: Permanent) async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"match": "bad", "fault": \#(permanent.fault)}]}"#
        )
        let work = try Workspace(simulator, job: "model: m\nprompts: [good, {id: b, prompt: bad}, fine]\n")
        let run = try await work.genbatch("run", "job.yaml", "--json")
        #expect(run.status == 3, "\(run.errors)")
        #expect(run.errors.contains("genbatch failures job.yaml"), "\(run.errors)")
        let events = try run.events()
        let failed = try #require(events.first { $0["type"]?.string == "item_failed" })
        #expect(failed["class"]?.string == permanent.failureClass)
        #expect(failed["message"]?.string?.contains(permanent.says) == true, "\(failed)")
        #expect(events.last?["type"]?.string == "exit_error")
        #expect(events.last?["exit_code"]?.int64 == 3)
        #expect(try work.checkpoint().states() == ["done": 2, "failed": 1])
        let exported = try await work.export("--state", "failed")
        #expect(exported.map { $0["error"]?["class"]?.string } == [permanent.failureClass])
        #expect(try await work.genbatch("status", "job.yaml").output.contains("1 \(permanent.failureClass)"))

        // It is not sent again by itself, and the exit status stays.
        #expect(try await work.genbatch("run", "job.yaml").status == 3)
        #expect(try simulator.items().allSatisfy { $0.requests == 1 })
    }

    // Fault matrix: F47.
    @Test("attempts that are all cut fail the item, with what it said and what it may have cost")
    func failsAfterAllAttempts() async throws {
        let simulator = try await SimulatorProgram(script: #"{"rules": [{"fault": {"kind": "cut", "how": "reset"}}]}"#)
        let work = try Workspace(simulator, job: "model: m\nretry: {attempts: 3, max_delay: 10ms}\nprompts: [one]\n")
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 3, "\(run.errors)")
        #expect(try simulator.totals().requests == 3)
        let facts = try work.checkpoint()
        #expect(
            try facts.integer("SELECT count(*) FROM attempt WHERE possibly_billed AND length(partial_text) > 0") == 3
        )
        #expect(try facts.integer("SELECT count(*) FROM response") == 0)
        #expect(try await work.export("--state", "failed").first?["text"] == .null)
    }

    // Fault matrix: F66.
    @Test("an answer cut at its token limit is done and flagged, or failed where the job says so")
    func truncated() async throws {
        let simulator = try await SimulatorProgram()
        let job = "model: m\nconfig: {max_output_tokens: 10}\nprompts: [Tell me of tides in 200 words.]\n"
        let work = try Workspace(simulator, job: job)
        #expect(try await work.genbatch("run", "job.yaml").status == 0)
        let line = try #require(try await work.export().first)
        #expect(line["truncated"]?.bool == true)
        #expect(line["finish_reason"]?.string == "MAX_TOKENS")

        let strict = try Workspace(simulator, job: job + "on_truncation: fail\n")
        #expect(try await strict.genbatch("run", "job.yaml").status == 3)
        #expect(try await strict.genbatch("status", "job.yaml").output.contains("1 truncated"))
    }

    // Fault matrix: F60.
    @Test("a minute's quota is waited for, and the wait uses up no attempt")
    func waitsForMinute() async throws {
        let simulator = try await SimulatorProgram(
            script: #"""
                {"rules": [{"attempts": [1], "fault":
                    {"kind": "status", "status": 429, "retryDelay": "1.137906927s", "quotaValue": "10"}}]}
                """#
        )
        let work = try Workspace(simulator, job: "model: m\nretry: {attempts: 1}\nprompts: [one, two, three]\n")
        let run = try await work.genbatch("run", "job.yaml", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let waits = try run.events().filter { $0["type"]?.string == "quota_wait" }
        #expect(!waits.isEmpty)
        // What the server asked for and up to a second of jitter.
        #expect(waits.allSatisfy { (1_137...2_138).contains($0["wait_ms"]?.int64 ?? 0) }, "\(waits)")
        let facts = try work.checkpoint()
        #expect(try facts.states() == ["done": 3])
        #expect(try facts.texts("SELECT DISTINCT class FROM attempt WHERE status = 'failed'") == ["rate_minute"])
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE possibly_billed AND status = 'failed'") == 0)
    }

    // Fault matrix: F62.
    @Test("a day's quota puts off the items of its model, and the others go on")
    func defersForDay() async throws {
        let simulator = try await SimulatorProgram(
            script:
                #"{"rules": [{"model": "pro", "fault": {"kind": "status", "status": 429, "quota": "day", "retryDelay": "10ms"}}]}"#
        )
        let work = try Workspace(
            simulator,
            job: """
                model: flash
                limits: {concurrency: 2}
                prompts: [{prompt: one, model: pro}, two, {prompt: three, model: pro}, {prompt: four, model: pro}, five]
                """
        )
        let run = try await work.genbatch("run", "job.yaml", "--json")
        #expect(run.status == 75, "\(run.errors)")
        #expect(run.errors.contains("daily quota"), "\(run.errors)")
        #expect(try run.events().count { $0["type"]?.string == "item_deferred" } == 3)
        #expect(try work.checkpoint().states() == ["done": 2, "deferred": 3])
        // The short delay that comes along is believed once, by as many as are in flight.
        #expect(try simulator.totals().requests <= 2 + 2 * 2)
        // The next run takes them up.
        let again = try await work.genbatch("run", "job.yaml")
        #expect(again.errors.contains("5 items: 3 to run (3 deferred before), 2 done"), "\(again.errors)")
    }

    // Fault matrix: F62.
    @Test("a model that the plan does not include is left out, and the exit says so")
    func leavesOutModel() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"model": "pro", "fault": {"kind": "status", "status": 429, "quota": "zero"}}]}"#
        )
        let work = try Workspace(
            simulator,
            job: """
                model: flash
                limits: {concurrency: 1}
                prompts: [{prompt: one, model: pro}, two, {prompt: three, model: pro}, four]
                """
        )
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 77, "\(run.errors)")
        #expect(run.errors.contains("its limit is 0"), "\(run.errors)")
        #expect(try work.checkpoint().states() == ["done": 2, "deferred": 2])
        #expect(try simulator.totals().requests == 3)
    }

    // Fault matrix: F65.
    @Test("a key that is rejected stops the run at once", arguments: ["invalid-key"])
    func rejectedKey(key: String) async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(
            simulator,
            job: "model: m\nlimits: {concurrency: 2}\ninputs: [{jsonl: r.jsonl}]\nprompt: \"{{n}}\"\n"
        )
        try work.write((1...50).map { "{\"n\": \($0)}\n" }.joined(), to: "r.jsonl")
        let environment = work.environment.merging(["GEMINI_API_KEY": key]) { $1 }
        let run = try await work.genbatch("run", "job.yaml", environment: environment)
        #expect(run.status == 77, "\(run.errors)")
        #expect(run.errors.contains("GEMINI_API_KEY or --key-file"), "\(run.errors)")
        #expect(!run.errors.contains(key))
        #expect(try simulator.totals().requests <= 2)
        #expect(try work.checkpoint().states() == ["pending": 50])
        // With a good key it goes on.
        #expect(try await work.genbatch("run", "job.yaml").status == 0)
    }

    // Fault matrix: F65.
    @Test("a model that is not there stops the run with 78")
    func unknownModel() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(
            simulator,
            job: "model: unknown-1\nlimits: {concurrency: 1}\nprompts: [one, two, three]\n"
        )
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 78, "\(run.errors)")
        #expect(run.errors.contains("unknown-1"), "\(run.errors)")
        #expect(run.errors.contains("check the model's name"), "\(run.errors)")
        #expect(try simulator.totals().requests == 1)
    }

    // Fault matrix: F68.
    @Test(
        "odd framing gives the text of the plain stream",
        arguments: [
            #"{"kind": "oneBytePerWrite"}"#, #"{"kind": "framing", "styles": ["lf"]}"#,
            #"{"kind": "framing", "styles": ["cr"]}"#, #"{"kind": "framing", "styles": ["comments", "fields"]}"#,
            #"{"kind": "framing", "styles": ["noSpace", "manyDataLines"]}"#,
            #"{"kind": "framing", "styles": ["bom", "done", "noLastBlankLine"]}"#, #"{"kind": "gzip"}"#,
            #"{"kind": "usage", "style": "last"}"#,
        ]
    )
    func oddFraming(fault: String) async throws {
        let prompts = ["Tell me of tides.", "Tell me of ünïcödé 🌊 in 40 words."]
        let texts = try await PlainAnswers.shared.answers(to: prompts)
        #expect(texts.count == 2)
        #expect(try await PlainAnswers.ask(prompts, script: #"{"rules": [{"fault": \#(fault)}]}"#) == texts)
    }

    // Fault matrix: F69.
    @Test("bytes that are not UTF-8 are replaced, and the rest of the answer is kept")
    func repairsText() async throws {
        let script = #"{"rules": [{"fault": {"kind": "invalidUTF8", "atChunk": 2}}]}"#
        let text = try await PlainAnswers.ask(["Tell me of tides."], script: script).first ?? ""
        let plain = try await PlainAnswers.shared.answers(to: ["Tell me of tides."]).first ?? ""
        #expect(text.contains("\u{FFFD}"))
        #expect(text.hasPrefix(plain.prefix(20)) && text.hasSuffix(plain.suffix(20)))
    }

    // Fault matrix: F70.
    @Test("an answer that never ends fails its item alone, and memory stays bounded")
    func boundsAnswers() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"match": "endless", "fault": {"kind": "endlessLine"}}]}"#
        )
        let work = try Workspace(simulator, job: "model: m\nprompts: [endless, fine]\n")
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 3, "\(run.errors)")
        #expect(try work.checkpoint().texts("SELECT class FROM failures") == ["too_large"])
        #expect(try work.checkpoint().states() == ["done": 1, "failed": 1])
        // One event may have 64 MiB, and is in memory twice while its buffer grows.
        #expect(run.peakMemoryBytes < 256 << 20)
    }
}

/// What the service answers when nothing goes wrong, asked once for each list of prompts.
private actor PlainAnswers {
    static let shared = PlainAnswers()

    private var known: [[String]: Task<[String], any Error>] = [:]

    func answers(to prompts: [String]) async throws -> [String] {
        let task = known[prompts] ?? Task { try await Self.ask(prompts) }
        known[prompts] = task
        return try await task.value
    }

    /// Runs a job of these prompts, each sent once.
    static func ask(_ prompts: [String], script: String? = nil) async throws -> [String] {
        let simulator = try await SimulatorProgram(script: script)
        let list = prompts.map { "  - \($0)\n" }.joined()
        let work = try Workspace(simulator, job: "model: m\nretry: {attempts: 1}\nprompts:\n\(list)")
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 0, "\(run.errors)")
        return try await work.export().compactMap { $0["text"]?.string }
    }
}
