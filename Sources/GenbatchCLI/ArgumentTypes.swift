internal import ArgumentParser
internal import BatchCore
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

/// An amount of dollars such as `5` or `0.25`, more than nothing.
struct DollarsArgument: ExpressibleByArgument {
    let amount: MicroDollars

    init?(argument: String) {
        guard let amount = MicroDollars(decimal: argument), amount > .zero else { return nil }
        self.amount = amount
    }
}

/// The value of `--shard`.
enum ShardArgument {
    static func parse(_ text: String) throws -> Shard {
        guard let shard = Shard(text) else {
            throw ValidationError(
                "--shard \(text) names no part of a job: it takes i/n, i from 0 to n-1 and n from 1 to \(Shard.maximumCount)"
            )
        }
        return shard
    }
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
