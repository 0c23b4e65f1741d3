import Foundation
import Testing

/// What the README tells a newcomer to type works as it stands there.
@Suite("The README", .serialized, .timeLimit(.minutes(2)))
struct ReadmeTests {
    /// Blocks of code by language, in their order.
    private static func blocks(_ language: String) throws -> [String] {
        let readme = try String(contentsOf: BuiltProducts.package.appendingPathComponent("README.md"), encoding: .utf8)
        return readme.components(separatedBy: "\n```").dropFirst().enumerated().compactMap { index, block in
            // Every other piece stands between two fences.
            guard index.isMultiple(of: 2), block.hasPrefix("\(language)\n") else { return nil }
            return String(block.dropFirst(language.count + 1))
        }
    }

    /// Commands that build, or that ask the real service; everything else is run.
    private static let skipped = [
        "make ", "export GEMINI_API_KEY=", "genbatch run seasons.yaml --db seasons.db",
    ]

    /// What the README calls its job files, in the order in which it shows them.
    private static let jobNames = ["seasons.yaml", "reviews.yaml"]

    @Test("its commands run in their order")
    func commandsRun() async throws {
        let jobs = try Self.blocks("yaml")
        try #require(jobs.count == Self.jobNames.count)
        let work = try Workspace()
        for (name, job) in zip(Self.jobNames, jobs) {
            try work.write(job, to: name)
        }
        try work.write("id,review\na,Good\nb,Bad\n", to: "reviews.csv")

        let lines = try Self.blocks("sh").joined(separator: "\n").split(separator: "\n").map { line in
            line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
        }
        let commands = lines.filter { line in !Self.skipped.contains { "\(line) ".hasPrefix($0) } }
        #expect(commands.count >= 4, "\(lines)")
        for skipped in Self.skipped {
            #expect(lines.contains { "\($0) ".hasPrefix(skipped) }, "nothing to skip: \(skipped)")
        }
        let products = URL(fileURLWithPath: try BuiltProducts.path(of: "genbatch")).deletingLastPathComponent().path
        for command in commands {
            let run = try await work.shell("PATH=\(products):$PATH; unset GEMINI_API_KEY; \(command)")
            #expect(run.status == 0, "\(command): \(run.errors)")
        }
        #expect(try work.read("seasons.jsonl").split(separator: "\n").count == 3)
        #expect(try work.read("prompts.jsonl").split(separator: "\n").count == 2)

        let check = try await work.genbatch("check", "reviews.yaml")
        #expect(check.output.hasPrefix("reviews.yaml: 2 items, nothing wrong"), "\(check.errors)")
        #expect(try await work.genbatch("run", "reviews.yaml", "--simulate").status == 0)
        #expect(try work.read("out/reviews.jsonl").split(separator: "\n").count == 2)
    }

    @Test("its sample jobs are there and right")
    func samplesAreRight() async throws {
        let jobs = BuiltProducts.package.appendingPathComponent("jobs").path
        let work = try Workspace()
        let names = try FileManager.default.contentsOfDirectory(atPath: jobs).filter { $0.hasSuffix(".yaml") }
        #expect(Set(names).isSuperset(of: ["quickstart.yaml", "nightly-summaries.yaml"]))
        for name in names {
            let check = try await work.genbatch("check", "\(jobs)/\(name)")
            #expect(check.status == 0, "\(name): \(check.errors)")
        }
    }
}
