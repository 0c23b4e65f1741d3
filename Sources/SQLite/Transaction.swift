package enum TransactionKind: String, Sendable {
    /// One view of the data for several reads; others may write meanwhile.
    case read = "BEGIN DEFERRED"
    /// Takes the write lock at once, so that it cannot be refused after half the work.
    case write = "BEGIN IMMEDIATE"
}

extension Connection {
    /// Runs a body in a transaction, which is committed if the body returns and rolled back if it throws.
    ///
    /// - Parameters:
    ///   - kind: Whether it will write.
    ///   - body: What to do in it.
    /// - Returns: What the body returned.
    /// - Throws: What the body threw, or a ``SQLiteError`` of `BEGIN` or `COMMIT`; nothing is changed then.
    package func transaction<Result>(_ kind: TransactionKind = .write, _ body: () throws -> Result) throws -> Result {
        try execute(kind.rawValue)
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            if isInTransaction {
                // The first failure is the one to tell; an unfinished transaction dies with the connection anyway.
                try? execute("ROLLBACK")
            }
            throw error
        }
    }
}
