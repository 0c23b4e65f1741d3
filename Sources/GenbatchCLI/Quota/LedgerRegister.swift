internal import BatchCore
internal import QuotaLedger

/// The quota ledger as the scheduler sees it: the account is that of the run's key or sign-in.
struct LedgerRegister: QuotaRegister {
    private let ledger: Ledger
    private let recorder: LedgerRecorder
    private let account: String
    private let countsMoney: Bool
    private let clock: SystemClock

    /// - Parameters:
    ///   - limits: The job's, and what all jobs may spend together.
    ///   - account: Whose quota it is: a hash.
    ///   - countsMoney: Whether answers cost anything; those of a server on this machine do not.
    ///   - clock: Time.
    /// - Throws: A ``CommandFailure`` if there is a limit that cannot be kept without the ledger, which cannot be used. If there
    ///   is none, there is no register then, which the user has been told.
    init?(_ limits: Limits, account: String, countsMoney: Bool, _ clock: SystemClock) throws {
        guard let ledger = try SharedLedger.open(for: limits) else { return nil }
        self.ledger = ledger
        self.clock = clock
        self.account = account
        self.countsMoney = countsMoney
        do {
            recorder = try LedgerRecorder(ledger, now: clock.unixMilliseconds()) { error in
                StandardError.note("\(CommandFailure(error).message); quotas and spending are not kept for other runs")
            }
        } catch {
            throw CommandFailure(error)
        }
    }

    func quota(of model: String, tier: ServiceTier) async -> LearnedQuota {
        // Away from the run's own thread: another process may hold the ledger for a moment.
        await withTaskExecutorPreference(globalConcurrentExecutor) {
            // What cannot be read is found out anew; that the ledger is in trouble shows when it is written.
            let knowledge = try? ledger.knowledge(of: name(model, tier), at: clock.unixMilliseconds())
            return knowledge?.current ?? LearnedQuota()
        }
    }

    func note(_ note: QuotaNote, of model: String, tier: ServiceTier) {
        recorder.note(change(note), of: name(model, tier), at: clock.unixMilliseconds())
    }

    func requestsOfOthersToday(of model: String) -> Int? {
        recorder.requestsOfOthers(of: model, account: account, at: clock.unixMilliseconds())
    }

    func spentByAll() -> (day: MicroDollars, month: MicroDollars) {
        let totals = recorder.totals(at: clock.unixMilliseconds())
        return (totals.today.counted, totals.month.counted)
    }

    /// Writes what was noted; for the end of a run.
    func flush() async {
        await recorder.flush(at: clock.unixMilliseconds())
    }

    private func name(_ model: String, _ tier: ServiceTier) -> QuotaName {
        QuotaName(account: account, model: model, tier: tier.rawValue)
    }

    private func change(_ note: QuotaNote) -> LedgerChange {
        switch note {
        case .sent:
            return .used(QuotaUse(requests: 1))
        case .unsent(let sentAt):
            return .unsent(sentAt: sentAt)
        case .used(let usage, let cost, let reserved):
            var sum = CostSum()
            if countsMoney {
                sum.add(cost)
            }
            return .used(
                QuotaUse(
                    inputTokens: usage.promptTokens ?? 0,
                    outputTokens: (usage.outputTokens ?? 0) + (usage.thoughtTokens ?? 0),
                    cost: sum,
                    reserved: countsMoney ? reserved : .zero
                )
            )
        case .pace(let learned):
            return .pace(requestsPerMinute: learned.requestsPerMinute, tokensPerMinute: learned.tokensPerMinute)
        case .dailyLimit(let limit):
            return .dailyLimit(limit)
        case .closed(let delay):
            return delay.map { .closed($0) } ?? .dailyQuotaSpent
        }
    }
}

extension QuotaKnowledge {
    /// What a run begins with at the moment that was asked for.
    var current: LearnedQuota {
        var current = learned
        current.spentUntil = spentUntil
        return current
    }
}
