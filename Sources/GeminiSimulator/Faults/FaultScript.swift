/// Which requests go wrong, and how: rules in order, of which the first that applies decides.
package struct FaultScript: Sendable {
    /// One rule: the requests it is about, which of them it strikes, and with what.
    struct Rule: Sendable {
        /// Text that the last user content must hold; empty for any.
        var match: [UInt8] = []
        /// The whole text of the last user content, if it must be exactly this.
        var equals: String?
        /// The model, if only one is meant.
        var model: String?
        /// The attempts of one item that are struck, counted from 1; `nil` for all.
        var attempts: Set<Int>?
        /// Strikes each nth request that the conditions above hold for.
        var every: Int?
        /// Strikes this share of the requests, chosen by item, attempt and ``seed``.
        var probability: Double?
        var seed: UInt64 = 0
        /// Strikes from this moment on, and before that one; both since the first request.
        var from: Duration?
        var until: Duration?
        var fault: Fault

        /// Whether the rule is about a request at all, whichever attempt it is.
        func concerns(model: String, text: String) -> Bool {
            if let wanted = self.model, wanted != model { return false }
            if let equals { return equals == text }
            return match.isEmpty || ByteSearch.contains(match, in: text)
        }

        func isInForce(at now: Duration) -> Bool {
            from.map { $0 <= now } ?? true && until.map { now < $0 } ?? true
        }
    }

    var rules: [Rule]

    /// A script under which nothing goes wrong.
    package init() {
        rules = []
    }

    init(rules: [Rule]) {
        self.rules = rules
    }
}

/// A script at work: it remembers how often each counting rule was asked.
struct FaultSchedule {
    let script: FaultScript
    private var counts: [Int]

    init(_ script: FaultScript) {
        self.script = script
        counts = Array(repeating: 0, count: script.rules.count)
    }

    /// Looks up what happens to one attempt.
    ///
    /// - Parameters:
    ///   - scope: What it happens to; rules with faults for anything else are passed over.
    ///   - model: The model asked for.
    ///   - text: The text of the last user content, or the display name of a file.
    ///   - item: The hash that identifies the request.
    ///   - attempt: Which request for the item this is, from 1.
    ///   - now: The time since the first request.
    /// - Returns: The fault of the first rule that applies; `nil` if the attempt goes well.
    mutating func fault(
        _ scope: Fault.Scope,
        model: String,
        text: String,
        item: UInt64,
        attempt: Int,
        at now: Duration
    ) -> Fault? {
        for (index, rule) in script.rules.enumerated()
        where rule.fault.scope == scope && rule.isInForce(at: now) && rule.concerns(model: model, text: text) {
            if let attempts = rule.attempts, !attempts.contains(attempt) { continue }
            if let every = rule.every {
                counts[index] += 1
                if !counts[index].isMultiple(of: every) { continue }
            }
            if let probability = rule.probability {
                var hash = StableHash()
                hash.combine(number: rule.seed)
                hash.combine(number: item)
                hash.combine(number: UInt64(attempt))
                var random = SeededRandom(seed: hash.value)
                if random.fraction() >= probability { continue }
            }
            return rule.fault
        }
        return nil
    }
}
