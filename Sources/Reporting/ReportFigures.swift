package import BatchCore

/// The figures of a report, counted from a stream of requests; memory does not grow with their number.
package struct ReportFigures {
    /// What ended in one part of the time.
    struct Bin {
        var answered = 0
        var failed = 0
        var refused = 0
        var outputTokens = 0
    }

    struct SlowAnswer {
        let key: String
        let model: String
        let timings: AttemptTimings
        let outputTokens: Int?
    }

    struct Quota: Hashable {
        let failureClass: String
        let model: String
        let id: String?
        let limit: Int?
    }

    struct Refusals {
        var count = 0
        /// The longest wait that the server asked for.
        var longestWait = Duration.zero
    }

    private static let slowestCount = 15
    private static let maximumQuotas = 100

    let time: WorkingTime
    let axes: MatrixAxes?
    private(set) var all = RequestTally()
    private(set) var models = TallyTable()
    /// One for each axis of the matrix.
    private(set) var axisValues: [TallyTable]
    private(set) var bins = [Bin](repeating: Bin(), count: WorkingTime.binCount)
    /// Failed requests by class; those that another request made good included.
    private(set) var failures: [String: Int] = [:]
    private(set) var quotas: [Quota: Refusals] = [:]
    /// The slowest first.
    private(set) var slowest: [SlowAnswer] = []

    /// - Parameters:
    ///   - busyTimes: From the first request to the last answer of each run, in Unix time in milliseconds.
    ///   - axes: Those of the job's matrix, if it has one.
    package init(busyTimes: [ClosedRange<Int64>], axes: MatrixAxes?) {
        time = WorkingTime(busyTimes)
        self.axes = axes
        axisValues = (axes?.names ?? []).map { _ in TallyTable() }
    }

    package mutating func add(_ attempt: AttemptRow) {
        all.add(attempt)
        models.add(attempt, to: attempt.model)
        for (index, value) in (axes?.values(of: attempt.key) ?? []).enumerated() {
            axisValues[index].add(attempt, to: value)
        }
        addToTime(attempt)
        if let failureClass = attempt.failureClass {
            failures[failureClass, default: 0] += 1
            if FailureClass(rawValue: failureClass)?.isQuota == true {
                addRefusal(attempt, failureClass)
            }
        }
        addIfSlow(attempt)
    }

    private mutating func addToTime(_ attempt: AttemptRow) {
        guard let timings = attempt.timings else { return }
        let bin = time.bin(of: timings.startedAtMilliseconds + Int64(timings.total.inMilliseconds))
        switch attempt.status {
        case .answered: bins[bin].answered += 1
        case .failed where attempt.failureClass.flatMap(FailureClass.init(rawValue:))?.isQuota == true:
            bins[bin].refused += 1
        case .failed: bins[bin].failed += 1
        case .interrupted, .lost: break
        }
        bins[bin].outputTokens += (attempt.usage.outputTokens ?? 0) + (attempt.usage.thoughtTokens ?? 0)
    }

    private mutating func addRefusal(_ attempt: AttemptRow, _ failureClass: String) {
        let quota = Quota(
            failureClass: failureClass,
            model: attempt.model,
            id: attempt.quotaID,
            limit: attempt.quotaLimit
        )
        guard quotas[quota] != nil || quotas.count < Self.maximumQuotas else { return }
        var refusals = quotas[quota] ?? Refusals()
        refusals.count += 1
        refusals.longestWait = max(refusals.longestWait, attempt.retryDelay ?? .zero)
        quotas[quota] = refusals
    }

    private mutating func addIfSlow(_ attempt: AttemptRow) {
        guard attempt.status == .answered, let timings = attempt.timings else { return }
        if slowest.count == Self.slowestCount, let last = slowest.last, timings.total <= last.timings.total { return }
        let place = slowest.firstIndex { $0.timings.total < timings.total } ?? slowest.count
        let answer = SlowAnswer(
            key: attempt.key,
            model: attempt.model,
            timings: timings,
            outputTokens: attempt.usage.outputTokens
        )
        slowest.insert(answer, at: place)
        if slowest.count > Self.slowestCount {
            slowest.removeLast()
        }
    }
}

extension FailureClass {
    /// Whether a quota was the reason.
    var isQuota: Bool {
        switch self {
        case .rateMinute, .rateDay, .rateUnknown: true
        default: false
        }
    }
}
