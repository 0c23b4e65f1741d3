import TestSupport
import Testing

/// The simulator's own command line.
@Suite("The simulator's options", .timeLimit(.minutes(1)))
struct SimulatorOptionTests {
    @Test("a quota may change over time, and its minute have any length")
    func quota() async throws {
        let arguments = [
            "--requests-per-minute", "300,120@10m,600@20m", "--quota-window", "6s", "--fixed-quota-window",
        ]
        #expect(try await SimulatorProgram(arguments).limit() == 300)
        #expect(try await SimulatorProgram(["--requests-per-minute", "7"]).limit() == 7)
        #expect(try await SimulatorProgram().limit() == nil)
    }

    @Test(
        "limits that make no sense are refused",
        arguments: [
            ["--requests-per-minute", "-1"], ["--requests-per-minute", "300,120"],
            ["--requests-per-minute", "10@5s"], ["--requests-per-minute", "5,3@2s,4@1s"],
            ["--requests-per-minute", "5,"], ["--requests-per-minute", "5,3@soon"], ["--quota-window", "0s"],
        ]
    )
    func wrongQuota(arguments: [String]) async throws {
        let folder = try TemporaryDirectory()
        let simulator = try Program(
            try BuiltProducts.path(of: "gemini-simulator"),
            arguments + ["--exit-with-parent"],
            environment: ["PATH": "/usr/bin:/bin"],
            folder: folder.path
        )
        #expect(await simulator.ended().status == 64)
        #expect(simulator.errors.text.contains(arguments[0]), "\(simulator.errors.text)")
    }
}
