internal import BatchCore
internal import GenAI
internal import JobFiles
internal import QuotaLedger

/// What all jobs of a user share: the quota ledger, and caps on what they spend.
enum SharedLedger {
    /// Where the ledger is, by the XDG base directory specification: relative folders do not count.
    static func path(_ environment: Environment = .process) throws -> String {
        guard let folder = folder(environment, "XDG_STATE_HOME", "/.local/state") else {
            throw CommandFailure(
                .unusableConfiguration,
                "there is no place for the quota ledger: HOME is not set; set it, or XDG_STATE_HOME"
            )
        }
        return folder + "/genbatch/ledger.db"
    }

    /// What the user allows all jobs to spend together.
    static func caps(_ environment: Environment = .process) throws -> SpendingCaps {
        guard let folder = folder(environment, "XDG_CONFIG_HOME", "/.config") else { return SpendingCaps() }
        do {
            return try UserConfiguration.load(path: folder + "/genbatch/config.yaml").caps
        } catch {
            throw CommandFailure(.unusableConfiguration, error.description)
        }
    }

    /// Opens the ledger for a run, which goes on without one that cannot be used, unless that would let it spend more
    /// than it may.
    ///
    /// - Parameters:
    ///   - limits: The job's, and what all jobs may spend together.
    ///   - environment: Where the ledger is looked for.
    /// - Returns: `nil` if it cannot be used, which the user has been told then.
    /// - Throws: A ``CommandFailure`` if there is a limit that cannot be kept without the ledger, which cannot be used.
    static func open(for limits: Limits, _ environment: Environment = .process) throws -> Ledger? {
        do {
            return try Ledger(path: path(environment))
        } catch {
            let message = CommandFailure(error).message
            let needs = [
                limits.sharedSpending.isEmpty ? nil : "spending is capped across jobs",
                limits.quota.requestsPerDay == nil ? nil : "limits.requests_per_day is set",
            ]
            if let need = needs.compactMap(\.self).first {
                let reason = "\(need), which cannot be kept without the ledger"
                throw CommandFailure(.unusableConfiguration, "\(message); \(reason)")
            }
            StandardError.note("\(message); this run goes on without it")
            return nil
        }
    }

    /// What earlier runs have found out of each model, the latest if several tiers have.
    ///
    /// It is for forecasts: if the ledger cannot be read, nothing is known, and the run itself tells why.
    ///
    /// - Parameters:
    ///   - now: Unix time in milliseconds.
    ///   - account: Whose quotas are meant.
    ///   - environment: Where the ledger is looked for.
    /// - Returns: By model.
    static func learned(
        at now: Int64,
        account: String,
        _ environment: Environment = .process
    ) -> [String: LearnedQuota] {
        guard let quotas = try? existing(environment)?.knowledge(at: now) else { return [:] }
        let oldestFirst = quotas.filter { $0.name.account == account }
            .sorted { ($0.paceLearnedAt ?? 0) < ($1.paceLearnedAt ?? 0) }
        return Dictionary(oldestFirst.map { ($0.name.model, $0.current) }, uniquingKeysWith: { $1 })
    }

    /// What all jobs spent, for forecasts; `nil` if that is not known.
    static func totals(at now: Int64, _ environment: Environment = .process) -> LedgerTotals? {
        try? existing(environment)?.totals(at: now)
    }

    private static func existing(_ environment: Environment) throws -> Ledger? {
        try Ledger(existing: path(environment))
    }

    private static func folder(_ environment: Environment, _ name: String, _ belowHome: String) -> String? {
        let folder = environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return folder ?? environment["HOME"].map { $0 + belowHome }
    }
}
