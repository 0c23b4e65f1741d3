/// How much of one quantity (requests, or input tokens) may be spent in a minute.
///
/// Two rules at once. The window: no more than a minute's worth in any minute, counted as strictly as a server can, so that
/// what was missed in a pause is made up for and what was sent too early is waited for. The bucket: hardly faster than the
/// pace at any moment, so that a minute's worth does not leave at once.
struct Pace: Sendable {
    /// A little above the pace, so that what a pause cost can be caught up with.
    private static let catchUp = 1.1
    /// How much of a known limit is used: the server's clock is not ours, and what arrives early is refused.
    static let margin = 0.98
    /// Whoever gets less than this share of a limit into a minute is not alone in using it.
    private static let ownShare = 0.95
    /// A minute, and the time in which a refusal reaches us.
    private static let longMinute = 61.0
    /// How much of what it used is left to a process that shares a limit, or does not know it.
    private static let backOff = 0.9
    /// Nobody who shares a limit is crowded out: it never goes below this share, and the others make room.
    private static let smallestShare = 0.1
    /// More is no limit; numbers above are not exact.
    private static let most = 1e12
    /// The shortest time that tells a rate, in seconds.
    private static let shortestSpan = 10.0

    private(set) var perMinute: Double
    /// Whether it comes from a refusal; if not, it is a guess.
    private(set) var isLearned: Bool
    /// The limit that the server last told.
    private var limit: Double?
    /// The job's own limit.
    private let ceiling: Double
    /// What may leave at once after an idle time.
    private let burst: Double
    private var growth: PaceGrowth
    private var log = SpendingLog()
    /// When the bucket allows more, in seconds.
    private var refilledAt: Double

    /// - Parameters:
    ///   - perMinute: The pace to start with.
    ///   - isLearned: Whether it comes from a refusal; if not, it grows fast.
    ///   - ceiling: The most, by the job's own limit.
    ///   - burst: What may leave at once.
    ///   - now: The time in seconds.
    init(perMinute: Double, isLearned: Bool, ceiling: Double = .infinity, burst: Double, now: Double) {
        self.ceiling = min(ceiling, Self.most)
        self.perMinute = min(max(perMinute, 1), self.ceiling)
        self.isLearned = isLearned
        self.burst = burst
        growth = PaceGrowth(isLearned: isLearned, now: now)
        refilledAt = -.infinity
    }

    /// The amount that the window may hold: whole, since there is no half request.
    private var windowAmount: Int { max(1, Int(perMinute.rounded(.up))) }
    /// The length of the window in seconds: a minute and whatever rounding has added.
    private var window: Double { min(60 * Double(windowAmount) / perMinute, SpendingLog.longestWindow) }
    private var perSecond: Double { perMinute * Self.catchUp / 60 }

    // MARK: Spending

    /// When an amount may be spent; not after now means now.
    mutating func opensAt(for amount: Int, now: Double) -> Double {
        if let share = growth.step(perMinute: perMinute, now: now) {
            perMinute = min(perMinute + share * max(perMinute, limit ?? 0), ceiling)
        }
        // More than a whole minute's worth has to wait for an empty window, and may then pass.
        let target = max(0, windowAmount - amount)
        return max(refilledAt, log.moment(whenSpentIsAtMost: target, within: window, now: now))
    }

    mutating func spend(_ amount: Int, now: Double) {
        log.add(amount, at: now)
        growth.spent(amount)
        let atOnce = max(burst, perSecond / 10)
        refilledAt = max(refilledAt, now - max(atOnce - 1, 0) / perSecond) + Double(amount) / perSecond
    }

    /// Takes account of what the server says was spent, instead of what was believed.
    mutating func correct(by difference: Int, spentAt moment: Double) {
        log.add(difference, at: moment)
    }

    // MARK: Being refused

    /// Whether there is no pace yet that a rate could be told by.
    private var isUnbounded: Bool { perMinute >= Self.most }

    /// What was let through per minute since the gate last opened; the pace itself if that is too short to tell.
    private mutating func ownRate(since opened: Double, now: Double) -> Double {
        let span = min(now - opened, 60)
        guard span >= Self.shortestSpan || isUnbounded else { return perMinute }
        return Double(log.spent(within: span, now: now)) * 60 / max(span, 1)
    }

    /// Slows down after a refusal.
    ///
    /// - Parameters:
    ///   - limit: The limit in force, as the server told it.
    ///   - opened: When the gate was last opened, or the run began.
    ///   - now: The time in seconds.
    mutating func cut(limit: Int?, opened: Double, now: Double) {
        self.limit = limit.map(Double.init).flatMap { $0 > 0 && $0 < Self.most ? $0 : nil }
        isLearned = true
        perMinute =
            if let limit = self.limit, Double(log.spent(within: Self.longMinute, now: now)) >= Self.ownShare * limit {
                Self.margin * limit
            } else {
                Self.backOff * min(ownRate(since: opened, now: now), perMinute, self.limit ?? .infinity)
            }
        perMinute = min(max(perMinute, Self.smallestShare * (self.limit ?? 0), 1), ceiling)
    }

    /// Empties the bucket, and grows carefully once the gate opens.
    mutating func hold(until opening: Double) {
        refilledAt = max(refilledAt, opening)
        growth.refused(until: opening)
    }
}
