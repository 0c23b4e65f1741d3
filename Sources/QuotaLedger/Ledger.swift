internal import BatchCore
internal import Synchronization

/// What all jobs of a user on this machine know of their quotas and have spent: a small SQLite file that several
/// processes read and write at once.
///
/// Calls wait for the disk and for other processes, a few seconds at most; from tasks, write through a
/// ``LedgerRecorder``.
package final class Ledger: Sendable {
    package let path: String
    private let database: Mutex<LedgerDatabase>

    /// Opens a ledger that may be written, and makes it if there is none.
    ///
    /// - Parameter path: The file; folders that are missing are made.
    /// - Throws: A ``LedgerError``; a run can do without its ledger unless spending is capped across jobs.
    package init(path: String) throws(LedgerError) {
        try LedgerFile.create(path)
        self.path = path
        do {
            let opened = try LedgerDatabase(path: path)
            try opened.proveWritable()
            database = Mutex(opened)
        } catch {
            throw LedgerError(error, path: path)
        }
    }

    /// Opens a ledger to look at it; `nil` if there is none.
    ///
    /// - Parameter path: The file.
    /// - Throws: A ``LedgerError``.
    package init?(existing path: String) throws(LedgerError) {
        guard LedgerFile.exists(path) else { return nil }
        self.path = path
        do {
            database = Mutex(try LedgerDatabase(path: path))
        } catch {
            throw LedgerError(error, path: path)
        }
    }

    /// What is known of a quota.
    ///
    /// - Parameters:
    ///   - name: The quota.
    ///   - now: Unix time in milliseconds.
    /// - Returns: What a limiter begins with, and today's use.
    /// - Throws: A ``LedgerError``.
    package func knowledge(of name: QuotaName, at now: Int64) throws(LedgerError) -> QuotaKnowledge {
        try with { try $0.knowledge(of: name, at: now) }
    }

    /// What is known of all quotas, by model.
    package func knowledge(at now: Int64) throws(LedgerError) -> [QuotaKnowledge] {
        try with { try $0.knowledge(at: now) }
    }

    /// What was used in the day and the month of a moment, by all jobs of the machine.
    package func totals(at now: Int64) throws(LedgerError) -> LedgerTotals {
        try with { try $0.totals(at: now) }
    }

    /// The requests of each model in a day, in all tiers and by all jobs of the machine.
    func requests(of day: PacificDay) throws(LedgerError) -> [RequestsOfOthers.Key: Int] {
        try with { try $0.requests(of: day) }
    }

    /// Writes changes in one transaction.
    package func apply(_ changes: LedgerChanges) throws(LedgerError) {
        try with { try $0.apply(changes) }
    }

    /// Forgets limits and paces, of one model or of all; what was used and spent stays.
    ///
    /// - Parameter model: `nil` for all.
    /// - Returns: How many quotas are forgotten.
    /// - Throws: A ``LedgerError``.
    @discardableResult
    package func forget(model: String?) throws(LedgerError) -> Int {
        try with { try $0.forget(model: model) }
    }

    private func with<Result: Sendable>(_ body: (LedgerDatabase) throws -> Result) throws(LedgerError) -> Result {
        do {
            return try database.withLock { try body($0) }
        } catch {
            throw LedgerError(error, path: path)
        }
    }
}
