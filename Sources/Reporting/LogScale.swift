#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Lengths of time on an axis on which each factor takes the same room.
struct LogScale {
    /// What people read easily, in milliseconds.
    static let round: [Double] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
        1_200_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000,
        604_800_000,
    ]

    let from: Double
    let to: Double

    /// Where a time is, from 0 to 1.
    func position(of time: Double) -> Double {
        min(max(log2(time / from) / log2(to / from), 0), 1)
    }

    /// At most six round times.
    func ticks() -> [Chart.Tick] {
        let inside = Self.round.filter { (from...to).contains($0) }
        guard inside.count > 1 else {
            return [from, to].map { Chart.Tick(position: position(of: $0), text: Words.duration(milliseconds: $0)) }
        }
        let stride = (inside.count + 5) / 6
        return inside.enumerated().filter { $0.offset.isMultiple(of: stride) }.map { _, time in
            Chart.Tick(position: position(of: time), text: Words.duration(milliseconds: time))
        }
    }
}
