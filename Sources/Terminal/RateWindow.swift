/// How fast a running total grows, measured over the last seconds only.
///
/// An average since the start would go on promising a speed that ended long ago, for example before a wait for quota.
struct RateWindow: Sendable {
    private struct Sample {
        var time: Duration
        var total: Int
    }

    /// So many samples make a window, whatever its span.
    private static let resolution = 40

    private let span: Duration
    /// In the order of time; the first may be a little older than the span.
    private var samples: [Sample] = []

    init(span: Duration) {
        self.span = span
    }

    /// Notes the total at a moment; moments never go back.
    mutating func note(_ total: Int, at now: Duration) {
        if let last = samples.last, now - last.time < span / Self.resolution {
            return
        }
        samples.append(Sample(time: now, total: total))
        while samples.count > 2, now - samples[1].time >= span {
            samples.removeFirst()
        }
    }

    /// Growth per second; `nil` until the samples cover a minimum.
    ///
    /// A total that was corrected downwards counts as no growth.
    func perSecond(over minimum: Duration) -> Double? {
        guard let first = samples.first, let last = samples.last, last.time > first.time,
            last.time - first.time >= minimum
        else { return nil }
        return Double(max(0, last.total - first.total)) / (last.time - first.time).inSeconds
    }
}
