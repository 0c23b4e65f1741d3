package import BatchCore

/// What happened since the last frame and is told once.
package struct News: Sendable, Equatable {
    package struct Failure: Sendable, Equatable {
        package var key: String
        package var failureClass: FailureClass
        package var message: String

        /// `failed: KEY: class: message` on one line, safe for a terminal.
        package var line: String {
            TerminalText.escapeLine("failed: \(key): \(failureClass.rawValue): \(message)")
        }
    }

    package struct OtherModel: Sendable, Equatable {
        package var asked: String
        package var answered: String
        package var isPriced: Bool

        /// `ASKED was answered by ANSWERED; priced as that` on one line, safe for a terminal.
        package var line: String {
            let price = isPriced ? "priced as that" : "its cost is unknown"
            return TerminalText.escapeLine("\(asked) was answered by \(answered); \(price)")
        }
    }

    package var plan: RunPlan?
    /// The first failures; ``omittedFailures`` counts the others.
    package var failures: [Failure] = []
    package var omittedFailures = 0
    /// Reasons for which items were deferred, each told once in a run.
    package var deferralReasons: [String] = []
    /// Models that answered for others, each told once in a run.
    package var otherModels: [OtherModel] = []
    /// Items in flight when a stop was asked for.
    package var stoppingWith: Int?

    package var isEmpty: Bool { self == News() }

    /// The news as lines in the order in which things happen in a run, safe for a terminal.
    ///
    /// - Parameter failureLines: The lines that stand for the failures.
    /// - Returns: The plan, the failures, and what else there is to tell.
    package func lines(failures failureLines: [String]) -> [String] {
        var lines = (plan.map(ReportText.plan) ?? []) + failureLines
        lines += deferralReasons.map { TerminalText.escapeLine("deferred to a later run: \($0)") }
        lines += otherModels.map(\.line)
        if let stoppingWith {
            lines.append("stopping, \(Figures.count(stoppingWith)) in flight, press again to abort")
        }
        return lines
    }
}

/// Collects news between two frames; what it keeps is bounded, however long nobody asks.
struct NewsDesk: Sendable {
    private static let failureLimit = 20
    private static let reasonLimit = 10

    private var news = News()
    private var toldReasons: Set<String> = []

    mutating func apply(_ event: RunEvent) {
        switch event {
        case .planned(let plan):
            news.plan = plan
        case .itemFailed(_, let key, _, let error, _) where news.failures.count < Self.failureLimit:
            let failure = News.Failure(key: key, failureClass: error.failureClass, message: error.message)
            news.failures.append(failure)
        case .itemFailed:
            news.omittedFailures += 1
        case .itemDeferred(_, _, let reason):
            if toldReasons.count < Self.reasonLimit, toldReasons.insert(reason).inserted {
                news.deferralReasons.append(reason)
            }
        case .otherModel(let asked, let answered, let isPriced) where news.otherModels.count < Self.reasonLimit:
            news.otherModels.append(News.OtherModel(asked: asked, answered: answered, isPriced: isPriced))
        case .stopping(let inFlight):
            news.stoppingWith = inFlight
        case .itemStarted, .attemptFailed, .itemDone, .itemInterrupted, .quotaWait, .otherModel, .finished:
            break
        }
    }

    /// Hands over what there is and begins anew.
    mutating func take() -> News {
        defer { news = News() }
        return news
    }
}
