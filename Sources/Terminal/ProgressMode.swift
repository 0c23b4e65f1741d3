/// What `--progress` asks for.
package enum ProgressMode: String, Sendable, CaseIterable {
    /// A bar on a terminal, else plain lines.
    case auto
    case bar
    case plain
    case none
}

/// How a run shows itself on one output.
package enum ProgressStyle: Sendable, Equatable {
    /// Drawn over and over at the foot of the terminal.
    case bar(hasColour: Bool, isUnicode: Bool)
    /// A line now and then.
    case plain
    /// Nothing but the summary at the end.
    case summary
    /// The summary, and only if something is left to do.
    case quiet

    /// Chooses from the command line, the output and the environment.
    ///
    /// - Parameters:
    ///   - mode: The value of `--progress`.
    ///   - isQuiet: Whether `--quiet` was given; it wins.
    ///   - isTerminal: Whether the output is a terminal: nothing else is ever animated or coloured.
    ///   - showsEvents: Whether event lines go to a terminal, between which a bar would be torn to pieces.
    ///   - environment: The variables of the process.
    package init(
        _ mode: ProgressMode,
        isQuiet: Bool,
        isTerminal: Bool,
        showsEvents: Bool,
        environment: [String: String]
    ) {
        let isDumb = ["dumb", "", nil].contains(environment["TERM"])
        // Build servers often give a terminal, whose output ends up in a log.
        let isBuildServer = !["", "0", "false", nil].contains(environment["CI"]?.lowercased())
        let canDraw = isTerminal && !isDumb && !showsEvents
        switch mode {
        case _ where isQuiet: self = .quiet
        case .none: self = .summary
        case .bar where canDraw, .auto where canDraw && !isBuildServer:
            // https://no-color.org: any value but the empty one.
            let hasColour = ["", nil].contains(environment["NO_COLOR"])
            self = .bar(hasColour: hasColour, isUnicode: Self.isUnicode(environment))
        case .auto, .bar, .plain: self = .plain
        }
    }

    /// Whether anything is shown before the end.
    var isLive: Bool {
        switch self {
        case .bar, .plain: true
        case .summary, .quiet: false
        }
    }

    private static func isUnicode(_ environment: [String: String]) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        guard let locale = locale?.lowercased() else { return false }
        return locale.contains("utf-8") || locale.contains("utf8")
    }
}
