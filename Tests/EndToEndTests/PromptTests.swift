import Foundation
import Testing

/// One prompt on the command line.
@Suite("The prompt command", .serialized, .timeLimit(.minutes(1)))
struct PromptTests {
    @Test("an answer is printed as it arrives, not when it is whole")
    func streams() async throws {
        // The stream stays open for ever after two events: what is read came before its end.
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"fault": {"kind": "stall", "afterChunks": 2}}]}"#
        )
        let work = try Workspace(simulator)
        let program = try work.start("prompt", "--model", "m", "Tell me of tides.")
        let text = await program.output.text(ofAtLeast: 1)
        #expect(text?.isEmpty == false)
        #expect(try simulator.totals().open == 1)
        program.send(SIGKILL)
        #expect(await program.ended().signal == SIGKILL)
    }

    @Test("the whole answer goes to standard output, with an image and settings in the request")
    func answers() async throws {
        let simulator = try await SimulatorProgram(["--chunk-interval", "5ms"])
        let work = try Workspace(simulator)
        try work.write([0x89, 0x50, 0x4E, 0x47], to: "drawing.png")
        let answer = try await work.genbatch(
            "prompt",
            "--model",
            "m",
            "--image",
            "gs://bucket/scones.jpg",
            "--image",
            "drawing.png",
            "--config",
            "temperature=0.2",
            "--system-instruction",
            "You are a guide.",
            "What is this? Answer in 40 words."
        )
        #expect(answer.status == 0, "\(answer.errors)")
        #expect(answer.errors.isEmpty)
        #expect(answer.output.contains("gs://bucket/scones.jpg (image/jpeg)"))
        #expect(answer.output.contains("inline image/png of 4 bytes"))
        #expect(answer.output.split(whereSeparator: \.isWhitespace).count == 40)
        #expect(answer.output.hasSuffix(".\n"))
    }

    @Test(
        "an answer that is not whole is told by the exit status",
        arguments: [
            (#"{"kind": "blockedPrompt"}"#, 3, "the prompt was refused (PROHIBITED_CONTENT)"),
            (#"{"kind": "finishReason", "reason": "SAFETY"}"#, 3, "the model stopped with SAFETY"),
            (#"{"kind": "cut", "how": "end"}"#, 3, "the stream ended before the answer did"),
            (#"{"kind": "cut", "how": "reset"}"#, 69, ""), (#"{"kind": "status", "status": 400}"#, 3, "HTTP 400"),
            (#"{"kind": "status", "status": 401}"#, 77, "HTTP 401"),
            (#"{"kind": "errorInStream", "status": 503}"#, 69, "overloaded"),
            (#"{"kind": "status", "status": 404}"#, 78, "HTTP 404"),
            (#"{"kind": "status", "status": 429}"#, 75, "HTTP 429"),
        ]
    )
    func fails(fault: String, status: Int, says: String) async throws {
        let simulator = try await SimulatorProgram(script: #"{"rules": [{"fault": \#(fault)}]}"#)
        let work = try Workspace(simulator)
        let answer = try await work.genbatch("prompt", "--model", "m", "Tell me of tides.")
        #expect(answer.status == Int32(status), "\(answer.output) \(answer.errors)")
        #expect(answer.errors.hasPrefix("genbatch: "), "\(answer.errors)")
        #expect(says.isEmpty || answer.errors.contains(says), "\(answer.errors)")
    }

    // Fault matrix: F75.
    @Test("on a terminal an answer cannot give commands to it; into a pipe it goes as it is")
    func escapesOnTerminal() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"fault": {"kind": "text", "text": "red \u001b[31m, title \u001b]0;x\u0007, end"}}]}"#
        )
        let work = try Workspace(simulator)
        let piped = try await work.genbatch("prompt", "--model", "m", "Hi")
        #expect(piped.output == "red \u{1B}[31m, title \u{1B}]0;x\u{07}, end\n")
        let shown = try await work.shell("exec script -qec '$GB prompt --model m Hi' /dev/null")
        #expect(shown.status == 0)
        #expect(shown.output.hasPrefix("red ") && shown.output.contains(", end"), "\(shown.output)")
        #expect(!shown.output.contains("\u{1B}") && !shown.output.contains("\u{07}"), "\(shown.output)")
    }

    @Test("wrong settings and images are refused before anything is sent")
    func refuses() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator)
        let cases: [([String], Int32)] = [
            (["--config", "temperature"], 64), (["--image", "drawing"], 64), (["--image", "no.png"], 66),
        ]
        for (arguments, status) in cases {
            let answer = await work.outcome(of: try work.start(["prompt", "--model", "m", "Hi"] + arguments))
            #expect(answer.status == status, "\(arguments): \(answer.errors)")
            #expect(answer.output.isEmpty)
        }
        #expect(try simulator.totals().requests == 0)
    }

    @Test("--simulate answers without a key")
    func simulates() async throws {
        let work = try Workspace()
        let bare = ["PATH": "/usr/bin:/bin", "HOME": work.path]
        let answer = try await work.genbatch(
            "prompt",
            "--model",
            "any",
            "--simulate",
            "Tell me a story in 20 words.",
            environment: bare
        )
        #expect(answer.status == 0, "\(answer.errors)")
        #expect(answer.output.split(whereSeparator: \.isWhitespace).count == 20)
    }
}
