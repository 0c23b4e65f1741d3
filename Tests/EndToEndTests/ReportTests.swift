import Foundation
import Testing

/// `genbatch report` on the results of a run.
@Suite("Reports", .serialized, .timeLimit(.minutes(3)))
struct ReportTests {
    private static let job = """
        name: nightly
        prompts: [{id: a, prompt: "Tell me of tides."}, {id: b, prompt: "refused"}]
        matrix: {model: [m1, m2]}
        """
    private static let refusal = #"{"rules": [{"match": "refused", "fault": {"kind": "status", "status": 400}}]}"#

    private func finishedJob() async throws -> Workspace {
        let simulator = try await SimulatorProgram(script: Self.refusal)
        let work = try Workspace(simulator, job: Self.job)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 3)
        return work
    }

    @Test("the page has the figures and the answers of the job, for its owner alone")
    func makesPage() async throws {
        let work = try await finishedJob()
        let report = try await work.genbatch("report", "job.yaml")
        #expect(report.status == 0, "\(report.errors)")
        #expect(report.output.hasPrefix("nightly.report.html: 4 items, "))
        let page = try work.read("nightly.report.html")
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</body></html>\n"))
        #expect(page.contains("data-variant=\"model=m2\""))
        #expect(page.matches(of: /<details class="row">/).count == 2)
        #expect(page.contains("invalid_request"))
        #expect(try await work.shell("stat -c %a nightly.report.html").output == "600\n")
    }

    @Test("a checkpoint is enough, standard output takes the page, and --answers leaves answers out")
    func writesToStandardOutput() async throws {
        let work = try await finishedJob()
        let all = try await work.genbatch("report", ".genbatch/nightly.db", "-o", "-")
        #expect(all.output.contains("<!DOCTYPE html>") && all.output.contains("Tell me of tides."))
        let none = try await work.genbatch("report", ".genbatch/nightly.db", "-o", "-", "--answers", "0")
        #expect(none.status == 0)
        #expect(!none.output.contains("Tell me of tides."))
        let one = try await work.genbatch("report", "job.yaml", "-o", "-", "--answers", "1")
        #expect(one.output.contains("The first 1 of 4 items"))
        #expect(try await work.genbatch("report", "job.yaml", "--answers", "-1").status == 64)
    }

    @Test("a page that cannot be written leaves the old one as it was")
    func keepsOldPage() async throws {
        let work = try await finishedJob()
        try work.write("old", to: "out/page.html")
        let missing = try await work.genbatch("report", "job.yaml", "-o", "missing/page.html")
        #expect(missing.status == 73, "\(missing.errors)")
        let gone = try await work.genbatch("report", "other.db", "-o", "out/page.html")
        #expect(gone.status != 0)
        #expect(try work.read("out/page.html") == "old")
    }
}
