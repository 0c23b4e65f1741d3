import Foundation
import JSON
import SQLite
import TestSupport
import Testing

/// Files that do not fit into a request: uploaded once, whatever happens to the run.
@Suite("Large media", .serialized, .timeLimit(.minutes(3)))
struct MediaTests {
    private static let filmBytes = 25_000_000
    /// What a run may take beyond another one, whose files are smaller by much more than that.
    private static let noise = 40 << 20
    private static let job = """
        model: m
        prompts:
          - {id: picture, prompt: What is this?, images: [shapes.png]}
          - {id: first, prompt: Describe the first minute., images: [film.mp4]}
          - {id: last, prompt: Describe the last minute., images: [film.mp4, shapes.png]}
        """

    private func workspace(_ simulator: SimulatorProgram?, filmBytes: Int = filmBytes) throws -> Workspace {
        let work = try Workspace(simulator, job: Self.job)
        let picture = BuiltProducts.package.appendingPathComponent("jobs/images/shapes.png")
        try work.write(Array(try Data(contentsOf: picture)), to: "shapes.png")
        try work.write([], to: "film.mp4")
        // Nothing but zeros, which take no space.
        try #require(truncate("\(work.path)/film.mp4", off_t(filmBytes)) == 0)
        return work
    }

    @Test("items that share a file upload it once, and a run that is killed afterwards does not upload it again")
    func uploadsOnce() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules":[{"match":"minute","attempts":[1],"fault":{"kind":"stall","afterChunks":1}}]}"#
        )
        let work = try workspace(simulator)
        let killed = try work.start("run", "job.yaml", "--json")
        // Both prompts that name the film are being answered.
        var begun: Set<String> = []
        var number = 0
        while begun.count < 2, let line = await killed.output.line(number) {
            let event = try JSONValue(parsing: line)
            if event["type"] == "chunk", let key = event["key"]?.string, key != "picture" {
                begun.insert(key)
            }
            number += 1
        }
        #expect(begun == ["first", "last"])
        killed.send(SIGKILL)
        _ = await killed.ended()
        #expect(try simulator.files().map { $0["sizeBytes"] } == ["25000000"])

        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 0, "\(run.errors)")
        let facts = try work.checkpoint()
        #expect(try facts.states() == ["done": 3])
        #expect(try simulator.files().count == 1)
        #expect(try facts.texts("SELECT name FROM upload") == simulator.files().compactMap { $0["name"]?.string })
        // The picture is small enough to travel with its prompts.
        let answer = try facts.texts("SELECT text FROM results WHERE key = 'last'").joined()
        #expect(answer.contains("/v1beta/files/") && answer.contains("an inline image/png"), "\(answer)")
    }

    @Test("an upload that has expired is made again")
    func expired() async throws {
        let simulator = try await SimulatorProgram(["--processing-polls", "0"])
        let work = try workspace(simulator)
        #expect(try await work.genbatch("run", "job.yaml").status == 0)
        for (expiry, uploads) in [("expires_at_ms", 1), ("0", 2)] {
            let connection = try Connection(path: work.path + "/.genbatch/job.db", mode: .readWrite)
            try connection.execute("UPDATE upload SET expires_at_ms = \(expiry); UPDATE item SET state = 'pending'")
            let run = try await work.genbatch("run", "job.yaml")
            #expect(run.status == 0, "\(run.errors)")
            #expect(try simulator.files().count == uploads)
        }
    }

    @Test("a file that the server cannot process fails its items and no others")
    func failedProcessing() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules":[{"match":"film.mp4","fault":{"kind":"failedFile"}}]}"#
        )
        let work = try workspace(simulator)
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 3, "\(run.errors)")
        let facts = try work.checkpoint()
        #expect(try facts.states() == ["done": 1, "failed": 2])
        let failures = try facts.texts("SELECT class || ' ' || message FROM failures")
        #expect(failures.count == 2)
        #expect(failures.allSatisfy { $0.hasPrefix("media ") && $0.contains("The file could not be processed.") })
        #expect(try facts.integer("SELECT sum(possibly_billed) FROM attempt WHERE status = 'failed'") == 0)
        #expect(try simulator.files().count == 1)
    }

    @Test("a job with large media runs without a key")
    func simulated() async throws {
        let work = try workspace(nil)
        let run = try await work.genbatch("run", "job.yaml", "--simulate")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try work.checkpoint().states() == ["done": 3])
    }

    @Test("a file of 120 MB takes no more memory than one that travels with its request")
    func memory() async throws {
        var peaks: [Int] = []
        for filmBytes in [1_000_000, 120_000_000] {
            let simulator = try await SimulatorProgram(["--processing-polls", "0"])
            let work = try workspace(simulator, filmBytes: filmBytes)
            let run = try await work.genbatch("run", "job.yaml")
            #expect(run.status == 0, "\(run.errors)")
            #expect(try simulator.files().count == (filmBytes > 1_000_000 ? 1 : 0))
            peaks.append(run.peakMemoryBytes)
        }
        print("Memory: \(peaks[0] >> 20) MiB with a file of 1 MB, \(peaks[1] >> 20) MiB with one of 120 MB")
        #expect(peaks[1] <= peaks[0] + Self.noise)
    }
}
