internal import BatchCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How long something took, counted in steps that grow with the time: fixed memory, whatever the number of values.
///
/// A percentile is right to 2.2 %, half of a step.
struct LogHistogram {
    private static let stepsPerOctave = 16
    /// Up to 2^31 ms, 24 days.
    private static let octaves = 31

    private var counts = [Int](repeating: 0, count: octaves * stepsPerOctave)
    private(set) var total = 0

    /// Counts one length of time; less than a millisecond counts as one.
    mutating func add(_ duration: Duration) {
        let step = Int(log2(max(duration.inMilliseconds, 1)) * Double(Self.stepsPerOctave))
        counts[min(step, counts.count - 1)] += 1
        total += 1
    }

    /// The time in milliseconds that a part of the values, from 0 to 1, do not exceed; `nil` without values.
    func percentile(_ part: Double) -> Double? {
        guard total > 0 else { return nil }
        let rank = Int((part * Double(total)).rounded(.up))
        var seen = 0
        for (step, count) in counts.enumerated() {
            seen += count
            if seen >= rank { return exp2((Double(step) + 0.5) / Double(Self.stepsPerOctave)) }
        }
        return nil
    }

    /// Neighbouring steps together, without the empty ends; few enough to be drawn.
    func bars() -> [HistogramBar] {
        guard let first = counts.firstIndex(where: { $0 > 0 }), let last = counts.lastIndex(where: { $0 > 0 })
        else { return [] }
        // At most some forty bars.
        let width = [1, 2, 4, 8, 16].first { (last - first) / $0 < 40 } ?? 16
        return stride(from: first / width * width, through: last, by: width).map { step in
            HistogramBar(
                from: exp2(Double(step) / Double(Self.stepsPerOctave)),
                to: exp2(Double(step + width) / Double(Self.stepsPerOctave)),
                count: counts[step..<min(step + width, counts.count)].reduce(0, +)
            )
        }
    }
}

/// How many values lie between two lengths of time, in milliseconds.
struct HistogramBar {
    let from: Double
    let to: Double
    let count: Int
}

extension Duration {
    var inMilliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
    }
}
