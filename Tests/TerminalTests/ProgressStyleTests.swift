import Testing

@testable import Terminal

@Suite struct ProgressStyleTests {
    private static let unicodeBar = ProgressStyle.bar(hasColour: true, isUnicode: true)

    private func style(
        _ mode: ProgressMode = .auto,
        isQuiet: Bool = false,
        isTerminal: Bool = true,
        showsEvents: Bool = false,
        _ environment: [String: String] = [:]
    ) -> ProgressStyle {
        ProgressStyle(
            mode,
            isQuiet: isQuiet,
            isTerminal: isTerminal,
            showsEvents: showsEvents,
            environment: ["TERM": "xterm-256color", "LANG": "en_GB.UTF-8"].merging(environment) { $1 }
        )
    }

    @Test("a terminal gets a bar")
    func terminal() {
        #expect(style() == Self.unicodeBar)
        #expect(style(.bar) == Self.unicodeBar)
    }

    // Fault matrix: F81.
    @Test("what is not a terminal is never drawn on", arguments: [ProgressMode.auto, .bar, .plain])
    func notTerminal(mode: ProgressMode) {
        #expect(style(mode, isTerminal: false) == .plain)
    }

    // Fault matrix: F81.
    @Test("a dumb or unnamed terminal gets lines", arguments: [ProgressMode.auto, .bar], ["dumb", ""])
    func dumb(mode: ProgressMode, term: String) {
        #expect(style(mode, ["TERM": term]) == .plain)
    }

    @Test("a build server gets lines unless it asks for the bar")
    func buildServer() {
        #expect(style(["CI": "true"]) == .plain)
        #expect(style(.bar, ["CI": "true"]) == Self.unicodeBar)
        #expect(style(["CI": "false"]) == Self.unicodeBar)
        #expect(style(["CI": ""]) == Self.unicodeBar)
    }

    // Fault matrix: F81.
    @Test("NO_COLOR takes the colours and leaves the bar")
    func noColour() {
        #expect(style(["NO_COLOR": "1"]) == .bar(hasColour: false, isUnicode: true))
        #expect(style(["NO_COLOR": ""]) == Self.unicodeBar)
    }

    @Test("the first locale variable that is set says whether UTF-8 is understood")
    func locale() {
        let ascii = ProgressStyle.bar(hasColour: true, isUnicode: false)
        #expect(style(["LANG": "C"]) == ascii)
        #expect(style(["LANG": ""]) == ascii)
        #expect(style(["LC_ALL": "C", "LC_CTYPE": "C.UTF-8"]) == ascii)
        #expect(style(["LC_ALL": "", "LC_CTYPE": "C.utf8", "LANG": "C"]) == Self.unicodeBar)
    }

    @Test("event lines on a terminal are not torn by a bar")
    func events() {
        #expect(style(showsEvents: true) == .plain)
    }

    @Test("none leaves the summary, and quiet wins over everything")
    func quiet() {
        #expect(style(.none) == .summary)
        for mode in ProgressMode.allCases {
            #expect(style(mode, isQuiet: true) == .quiet)
        }
    }

    private func style(_ environment: [String: String]) -> ProgressStyle { style(.auto, environment) }
}
