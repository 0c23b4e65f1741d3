import ArgumentParser
import GeminiSimulator

/// A duration on the command line: `300ms`, `1.5s` or `2m`.
struct Milliseconds: ExpressibleByArgument, CustomStringConvertible {
    let duration: Duration
    let description: String

    init(_ milliseconds: Int) {
        duration = .milliseconds(milliseconds)
        description = "\(milliseconds)ms"
    }

    init?(argument: String) {
        let units: [(suffix: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60)]
        for unit in units where argument.hasSuffix(unit.suffix) {
            guard let number = Double(argument.dropLast(unit.suffix.count)), (0...86_400).contains(number) else {
                return nil
            }
            duration = .seconds(number * unit.seconds)
            description = argument
            return
        }
        return nil
    }

    var defaultValueDescription: String { description }
}

/// Limits and when they begin: `300`, or `300,120@10m,600@20m`.
struct LimitSchedule: ExpressibleByArgument {
    let stages: [RequestQuota.Stage]

    init?(argument: String) {
        var stages: [RequestQuota.Stage] = []
        for text in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
            guard let limit = parts.first.flatMap({ Int($0) }), limit >= 0 else { return nil }
            // The first limit is there from the beginning, and each later one has a moment of its own.
            guard parts.count == (stages.isEmpty ? 1 : 2) else { return nil }
            let start = parts.count == 1 ? .zero : Milliseconds(argument: parts[1])?.duration
            guard let start, stages.last.map({ $0.start < start }) ?? true else { return nil }
            stages.append(RequestQuota.Stage(start: start, limit: limit))
        }
        self.stages = stages
    }
}
