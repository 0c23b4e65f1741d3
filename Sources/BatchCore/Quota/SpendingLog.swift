/// What was spent in each half second of the last two minutes, so that any window in them can be added up.
struct SpendingLog: Sendable {
    private static let slotLength = 0.5
    private static let slotCount = 256
    /// The longest window that can be asked for, in seconds.
    static let longestWindow = 120.0
    /// What the sum of two times may differ by from a third that is the same.
    private static let tolerance = 1e-5

    private var slots = [Int](repeating: 0, count: slotCount)
    /// The number of the newest slot, counted from the clock's beginning.
    private var newest = 0
    /// The slots from this one on make up ``sum``.
    private var oldest = 0
    private var sum = 0

    /// Notes that an amount was spent; a negative one takes back what turned out not to be.
    ///
    /// - Parameters:
    ///   - amount: What was spent.
    ///   - moment: When, in seconds; what is older than the log changes nothing.
    mutating func add(_ amount: Int, at moment: Double) {
        let slot = Int(moment / Self.slotLength)
        advance(to: slot)
        guard slot > newest - Self.slotCount else { return }
        slots[Self.place(slot)] += amount
        if slot >= oldest {
            sum += amount
        }
    }

    /// What was spent in a window that ends now; costs next to nothing if the window hardly changes.
    mutating func spent(within window: Double, now: Double) -> Int {
        advance(to: Int(now / Self.slotLength))
        let first = firstSlot(within: window, now: now)
        while oldest < first {
            sum -= slots[Self.place(oldest)]
            oldest += 1
        }
        while oldest > first {
            oldest -= 1
            sum += slots[Self.place(oldest)]
        }
        return sum
    }

    /// When enough of the past will have left the window, provided that nothing is added.
    ///
    /// - Parameters:
    ///   - target: The amount that may be left in the window, at least 0.
    ///   - window: The length of the window in seconds.
    ///   - now: The time.
    /// - Returns: The first moment at which no more than the target is in the window.
    mutating func moment(whenSpentIsAtMost target: Int, within window: Double, now: Double) -> Double {
        var rest = spent(within: window, now: now)
        var slot = oldest
        while rest > target, slot <= newest {
            rest -= slots[Self.place(slot)]
            slot += 1
        }
        return slot == oldest ? now : Double(slot) * Self.slotLength + window
    }

    private func firstSlot(within window: Double, now: Double) -> Int {
        let first = ((now - window) / Self.slotLength + Self.tolerance).rounded(.down)
        return max(newest - Self.slotCount + 1, Int(first))
    }

    /// Makes room for the slots up to this one.
    private mutating func advance(to slot: Int) {
        guard slot > newest else { return }
        let first = slot - Self.slotCount + 1
        while oldest < first, oldest <= newest {
            sum -= slots[Self.place(oldest)]
            oldest += 1
        }
        for new in max(newest + 1, first)...slot {
            slots[Self.place(new)] = 0
        }
        newest = slot
        oldest = max(oldest, first)
    }

    private static func place(_ slot: Int) -> Int {
        slot & (slotCount - 1)
    }
}
