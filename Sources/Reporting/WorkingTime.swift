/// The time in which a job was run, its pauses left out: runs stand one after the other.
struct WorkingTime {
    /// What a chart shows of a job, however long it took.
    static let binCount = 120

    /// Times of runs in Unix time in milliseconds, in order, none overlapping another.
    private let spans: [ClosedRange<Int64>]
    /// What lies before each span, in milliseconds.
    private let offsets: [Int64]
    /// All of it in milliseconds; never 0.
    let total: Int64

    /// - Parameter times: Of each run; runs in several places may overlap.
    init(_ times: [ClosedRange<Int64>]) {
        var spans: [ClosedRange<Int64>] = []
        for time in times.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = spans.last, time.lowerBound <= last.upperBound {
                spans[spans.count - 1] = last.lowerBound...max(last.upperBound, time.upperBound)
            } else {
                spans.append(time)
            }
        }
        var offsets: [Int64] = []
        var total: Int64 = 0
        for span in spans {
            offsets.append(total)
            total += span.upperBound - span.lowerBound
        }
        self.spans = spans
        self.offsets = offsets
        self.total = max(total, 1)
    }

    var began: Int64? { spans.first?.lowerBound }
    var ended: Int64? { spans.last?.upperBound }

    /// How long one bin of a chart is, in seconds.
    var binSeconds: Double { Double(total) / 1000 / Double(Self.binCount) }

    /// Where pauses are, as parts of the whole from 0 to 1.
    var pauses: [Double] { offsets.dropFirst().map { Double($0) / Double(total) } }

    /// The bin that a moment falls into; what is in a pause counts as its end.
    func bin(of moment: Int64) -> Int {
        var (low, high) = (0, spans.count)
        while low < high {
            let middle = (low + high) / 2
            if spans[middle].lowerBound <= moment {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low > 0 else { return 0 }
        let span = spans[low - 1]
        let position = offsets[low - 1] + min(moment, span.upperBound) - span.lowerBound
        return min(Int(Double(position) / Double(total) * Double(Self.binCount)), Self.binCount - 1)
    }
}
