import Crypto
import Foundation
import TestSupport
import Testing

/// Whatever a model answers, it is text in the page.
@Suite("Hostile answers in a report")
struct HostileAnswerTests {
    private static let elements: Set<String> = [
        "!DOCTYPE", "html", "head", "meta", "link", "title", "style", "body", "header", "h1", "h2", "h3", "p", "main",
        "section", "svg", "g", "rect", "path", "line", "text", "dl", "div", "dt", "dd", "span", "strong", "figure",
        "figcaption", "table", "thead", "tbody", "tr", "th", "td", "form", "label", "input", "select", "option",
        "output", "details", "summary", "article", "img", "script",
    ]

    // Fault matrix: F76.
    @Test("no element and no attribute comes from data")
    func hasOnlyOurElements() throws {
        let page = try Hostile.page().text
        let tags = page.withoutAssets.matches(of: /<\/?([^\s>]*)([^>]*)>/)
        #expect(tags.count > 500)
        for tag in tags {
            #expect(Self.elements.contains(String(tag.output.1)), "\(tag.output.0)")
            let names = tag.output.2.matches(of: /([^\s="]+)(="[^"]*")?/).map { String($0.output.1).lowercased() }
            #expect(!names.contains { $0.hasPrefix("on") || $0 == "style" }, "\(tag.output.0)")
        }
        #expect(page.matches(of: /<script/).count == 1)
        #expect(page.matches(of: /<style/).count == 1)
        #expect(page.matches(of: /<title>/).count == page.matches(of: /<\/title>/).count)
    }

    // Fault matrix: F76.
    @Test("no address leads out of the page")
    func hasNoAddresses() throws {
        let page = try Hostile.page().text.withoutAssets
        let addresses = page.matches(of: /<[^>]*\s(src|href|action|xlink:href)="([^"]*)"/).map { String($0.output.2) }
        #expect(addresses == ["data:,"])
    }

    // Fault matrix: F76.
    @Test("the policy allows this style and this script by their hashes, and nothing else")
    func hasStrictPolicy() throws {
        let page = try Hostile.page().text
        let policy = try #require(page.firstMatch(of: /Content-Security-Policy" content="([^"]*)"/)).output.1
            .replacing("&#39;", with: "'")
        let script = try #require(page.firstMatch(of: /<script>((?s:.*?))<\/script>/)).output.1
        let style = try #require(page.firstMatch(of: /<style>((?s:.*?))<\/style>/)).output.1
        func hash(_ text: Substring) -> String {
            "'sha256-\(Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString())'"
        }
        #expect(
            policy == "default-src 'none'; script-src \(hash(script)); style-src \(hash(style)); img-src data:; "
                + "base-uri 'none'; form-action 'none'"
        )
    }

    // Fault matrix: F76.
    @Test("control characters are shown as pictures")
    func showsControlCharacters() throws {
        let page = try Hostile.page()
        #expect(!page.bytes.contains { $0 < 0x20 && $0 != 0x0A || $0 == 0x7F })
        #expect(page.text.contains("a␀b␛]0;c␇d"))
    }

    // Fault matrix: F76.
    @Test("of data in answers only pictures are embedded, and only as far as there is room")
    func embedsPictures() throws {
        func part(_ type: String, _ data: String) -> String {
            #"[{"text":"see"},{"inlineData":{"mimeType":"\#(type)","data":"\#(data)"}}]"#
        }
        let large = String(repeating: "AAAA", count: 4 << 20)
        let page = try SamplePage(results: [
            result("a", parts: part("image/png", "aGVsbG8=")),
            result("b", parts: part("image/svg+xml", "aGVsbG8=")),
            result("c", parts: part("image/png", "\\\" onerror=\\\"alert(1)")),
            result("d", parts: part("image/png", large)),
            result("e", parts: part("image/jpeg", "aGVsbG9")),
        ]).text
        let sources = page.matches(of: /<img src="([^"]*)"/).map { String($0.output.1) }
        #expect(sources == ["data:image/png;base64,aGVsbG8=", "data:image/jpeg;base64,aGVsbG8="])
        #expect(page.matches(of: /is not shown here/).count == 3)
    }
}

extension String {
    /// The page without the content of its style and its script, which are no markup.
    var withoutAssets: String {
        replacing(/<style>(?s:.*?)<\/style>/, with: "<style></style>")
            .replacing(/<script>(?s:.*?)<\/script>/, with: "<script></script>")
    }
}
