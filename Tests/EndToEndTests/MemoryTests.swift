import Foundation
import Testing

/// Memory does not grow with the number of items.
@Suite("Large jobs", .serialized, .timeLimit(.minutes(4)))
struct MemoryTests {
    /// Ten times the items may not take more than half as much memory again; a few megabytes are noise.
    private static let smallJob = 3_000
    private static let largeJob = 30_000
    private static let noise = 8 << 20

    // Fault matrix: F57.
    @Test("ten times the items take no more memory")
    func memoryIsFlat() async throws {
        let small = try await peakMemory(items: Self.smallJob)
        let large = try await peakMemory(items: Self.largeJob)
        print("Memory: \(small >> 20) MiB for \(Self.smallJob) items, \(large >> 20) MiB for \(Self.largeJob)")
        #expect(large <= small + small / 2 + Self.noise)
    }

    private func peakMemory(items: Int) async throws -> Int {
        let simulator = try await SimulatorProgram(["--chunks", "2"])
        let work = try Workspace(
            simulator,
            job: "model: m\ninputs: [{jsonl: r.jsonl}]\nprompt: Say {{n}} in 3 words.\n"
        )
        try work.write((1...items).map { "{\"n\": \($0)}\n" }.joined(), to: "r.jsonl")
        let run = try await work.genbatch("run", "job.yaml", "--concurrency", "64", "--output", "a.jsonl")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try work.checkpoint().states() == ["done": items])
        #expect(try simulator.totals().requests == items)
        return run.peakMemoryBytes
    }
}
