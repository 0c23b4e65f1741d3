import Foundation
import JSON
import SQLite
import TestSupport
import Testing

/// A folder with a job in it, and genbatch run in that folder.
final class Workspace: Sendable {
    /// What came of one execution of genbatch.
    struct Outcome: Sendable {
        let status: Int32?
        let signal: Int32?
        let output: String
        let errors: String
        let peakMemoryBytes: Int

        /// The events of `--json`, each line read as JSON.
        func events() throws -> [JSONValue] {
            try output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        }
    }

    static let key = "AIzaSy-e2e-test-key"

    private let folder: TemporaryDirectory
    var path: String { folder.path }
    /// What genbatch finds in its environment, and nothing else.
    let environment: [String: String]

    /// Makes a folder.
    ///
    /// - Parameters:
    ///   - simulator: The server that genbatch talks to; `nil` for none.
    ///   - job: The job file to write as `job.yaml`.
    /// - Throws: If the folder cannot be made.
    init(_ simulator: SimulatorProgram? = nil, job: String? = nil) throws {
        folder = try TemporaryDirectory()
        var environment = ["PATH": "/usr/bin:/bin", "HOME": folder.path, "TERM": "xterm"]
        environment["GEMINI_API_KEY"] = Self.key
        environment["GOOGLE_GEMINI_BASE_URL"] = simulator?.baseURL
        self.environment = environment
        if let job {
            try write(job, to: "job.yaml")
        }
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try settle(try folder.write(text, to: name))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        _ = try settle(try folder.write(Data(bytes), to: name))
    }

    /// Dates a file back: one that was written just now is always read, and most of a user's files are older.
    private func settle(_ path: String) throws -> String {
        let date = Date(timeIntervalSince1970: 1_700_000_000)
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
        return path
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
    }

    func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(name)")
    }

    /// Starts genbatch.
    func start(
        _ arguments: String...,
        environment: [String: String]? = nil,
        input: String? = nil,
        output: Program.Stream = .collected,
        errors: Program.Stream = .collected
    ) throws -> Program {
        try start(arguments, environment: environment, input: input, output: output, errors: errors)
    }

    func start(
        _ arguments: [String],
        environment: [String: String]? = nil,
        input: String? = nil,
        output: Program.Stream = .collected,
        errors: Program.Stream = .collected
    ) throws -> Program {
        try Program(
            try BuiltProducts.path(of: "genbatch"),
            arguments,
            environment: environment ?? self.environment,
            folder: path,
            input: input,
            output: output,
            errors: errors
        )
    }

    /// Runs genbatch to its end.
    func genbatch(
        _ arguments: String...,
        environment: [String: String]? = nil,
        input: String? = nil
    ) async throws -> Outcome {
        await outcome(of: try start(arguments, environment: environment, input: input))
    }

    /// Runs a line of shell in which `$GB` is genbatch.
    func shell(_ script: String) async throws -> Outcome {
        var environment = environment
        environment["GB"] = try BuiltProducts.path(of: "genbatch")
        environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return await outcome(of: try Program("/bin/sh", ["-c", script], environment: environment, folder: path))
    }

    func outcome(of program: Program) async -> Outcome {
        let ending = await program.ended()
        return Outcome(
            status: ending.status,
            signal: ending.signal,
            output: program.output.text,
            errors: program.errors.text,
            peakMemoryBytes: ending.peakMemoryBytes
        )
    }

    /// The checkpoint of `job.yaml`, or of another job.
    func checkpoint(_ name: String = ".genbatch/job.db") throws -> CheckpointFacts {
        try CheckpointFacts(path: "\(path)/\(name)")
    }

    /// The lines of an export as JSON.
    func export(_ arguments: String...) async throws -> [JSONValue] {
        let export = await outcome(of: try start(["export", "job.yaml"] + arguments))
        #expect(export.status == 0, "\(export.errors)")
        return try export.events()
    }
}

/// What stands in a checkpoint, read with SQL as a user would.
final class CheckpointFacts {
    private let connection: Connection

    init(path: String) throws {
        connection = try Connection(path: path, mode: .readOnly)
    }

    func integer(_ sql: String) throws -> Int {
        Int(try connection.integer(sql))
    }

    /// The first column of all rows.
    func texts(_ sql: String) throws -> [String] {
        let statement = try connection.prepare(sql)
        var texts: [String] = []
        while try statement.step() { texts.append(statement.text(at: 0)) }
        return texts
    }

    func integrity() throws -> String {
        try texts("PRAGMA integrity_check").joined(separator: "\n")
    }

    /// How many items are in each state.
    func states() throws -> [String: Int] {
        let statement = try connection.prepare("SELECT state, count(*) FROM item GROUP BY state")
        var states: [String: Int] = [:]
        while try statement.step() { states[statement.text(at: 0)] = Int(statement.integer(at: 1)) }
        return states
    }

    /// The keys of items that are done and whose answer is whole: with text and token counts.
    func answeredKeys() throws -> Set<String> {
        Set(
            try texts(
                "SELECT key FROM results WHERE state = 'done' AND length(text) > 0 AND output_tokens > 0 AND input_tokens > 0"
            )
        )
    }

    /// The same for items that have left the job, which keep their answers.
    func answeredKeysOutsideJob() throws -> Set<String> {
        Set(
            try texts(
                """
                SELECT key FROM item JOIN attempt ON attempt.item_id = item.id AND attempt.generation = item.generation
                JOIN response ON attempt_id = attempt.id
                WHERE position IS NULL AND state = 'done'
                    AND length(text) > 0 AND output_tokens > 0 AND input_tokens > 0
                """
            )
        )
    }
}
