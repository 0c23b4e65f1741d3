internal import ArgumentParser
internal import JobFiles
internal import Terminal

/// A length of time such as `25s`, `5m` or `1h30m`.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        guard let duration = Duration(jobFileText: argument) else { return nil }
        self.duration = duration
    }

    var defaultValueDescription: String { "\(duration.components.seconds)s" }
}

/// The value of `--progress`.
enum ProgressArgument: String, ExpressibleByArgument, CaseIterable {
    case auto, bar, plain, none

    var mode: ProgressMode {
        switch self {
        case .auto: .auto
        case .bar: .bar
        case .plain: .plain
        case .none: .none
        }
    }
}
