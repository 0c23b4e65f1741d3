import BatchCore
import Foundation
import Reporting
import TestSupport
import Testing

/// A headless Chromium, if there is one.
enum Browser {
    static let path = ["chromium", "chromium-browser", "google-chrome"].lazy
        .compactMap { try? Command.find($0, advice: "") }.first

    /// Opens a page and returns what became of it, and what was written to its console.
    static func open(_ page: SamplePage) throws -> (document: String, console: String) {
        let directory = try TemporaryDirectory()
        let file = try directory.write(page.text, to: "report.html")
        let log = directory.path + "/log"
        let script =
            "exec \"$0\" --headless --no-sandbox --disable-gpu --user-data-dir=\"$3\" --enable-logging=stderr "
            + "--virtual-time-budget=3000 --dump-dom \"file://$1\" 2> \"$2\""
        let document = try Command.run(
            "/bin/sh",
            ["-c", script, try #require(path), file, log, directory.path + "/profile"]
        )
        let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        let console = lines.filter { $0.contains("CONSOLE") }.joined(separator: "\n")
        return (String(decoding: document, as: UTF8.self), console)
    }
}

/// The page in a browser.
@Suite("A report in Chromium", .serialized, .enabled(if: Browser.path != nil, "Chromium is not installed"))
struct BrowserTests {
    // Fault matrix: F76.
    @Test("hostile answers run nothing, load nothing and make no element", .timeLimit(.minutes(2)))
    func rendersHostileAnswers() throws {
        let server = try LoopbackServer { _, connection in connection.close() }
        defer { server.close() }
        let page = try Hostile.page(loading: server.url)
        let (document, console) = try Browser.open(page)
        #expect(console == "")
        #expect(server.requests.isEmpty)
        #expect(!document.contains("<title>taken over"))
        let elements = document.withoutAssets
        #expect(elements.matches(of: /<script/).count == 1)
        #expect(!elements.contains(/<(iframe|base|a|foreignObject)[ >]/))
    }

    @Test("the script of the page runs, and its style counts", .timeLimit(.minutes(2)))
    func runsItsScript() throws {
        let page = try SamplePage(attempts: [answered("a")], results: [result("a"), result("b"), result("c")])
        let (document, console) = try Browser.open(page)
        #expect(console == "")
        #expect(document.contains(">3 of 3 entries</output>"))
        #expect(document.contains(#"<form id="controls" class="controls">"#))
    }
}
