internal import Foundation

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#endif

/// `gemini-simulator` as a child on a free port of this machine, for runs without a key.
///
/// It ends when its standard input closes, so it never outlives this process, whatever becomes of it.
final class SimulatorProcess {
    let baseURL: String
    private let process: Process
    private let standardInput: Pipe

    /// Starts it and waits until it listens.
    ///
    /// - Throws: ``CommandFailure`` if the program is not to be found or does not come up.
    init() throws {
        let program = try Self.locate()
        process = Process()
        standardInput = Pipe()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["--port", "0", "--exit-with-parent"]
        process.standardInput = standardInput
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            throw CommandFailure(.unusableConfiguration, "cannot start \(program): \(error.localizedDescription)")
        }
        let greeting = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let address = greeting.split(whereSeparator: \.isWhitespace).first(where: { $0.hasPrefix("http://") })
        else {
            throw CommandFailure(
                .unusableConfiguration,
                "\(program) did not say where it listens; it said: \(greeting)"
            )
        }
        baseURL = String(address)
    }

    deinit {
        try? standardInput.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Beside this program, as `make build` and `make install` put it.
    private static func locate() throws -> String {
        let own = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
        let program = own?.appendingPathComponent("gemini-simulator").path ?? "gemini-simulator"
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw CommandFailure(
                .unusableConfiguration,
                "--simulate needs gemini-simulator beside genbatch, but there is no \(program); build it with `make build`"
            )
        }
        return program
    }
}
