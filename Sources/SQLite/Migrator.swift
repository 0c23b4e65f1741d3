/// One step of a schema; never edited once released.
package struct Migration: Sendable {
    package let sql: String

    package init(_ sql: String) {
        self.sql = sql
    }
}

/// Brings a database to the newest schema; `user_version` counts the steps it has.
package struct Migrator: Sendable {
    /// Written into the file's header, so that the file can be told from those of other programs.
    package let applicationID: Int32
    /// All steps ever released, in order.
    package let migrations: [Migration]

    package init(applicationID: Int32, migrations: [Migration]) {
        self.applicationID = applicationID
        self.migrations = migrations
    }

    /// The version that this program writes.
    package var version: Int { migrations.count }

    /// Runs the steps that the database does not have, each in a transaction together with its number.
    ///
    /// A database that has some already is copied to `NAME.backup-vN` first, N being its old version.
    ///
    /// - Parameter connection: It must be able to write.
    /// - Throws: A ``NewerSchema`` before anything is changed, a ``SQLiteError``, or a ``FileError`` of the copy.
    package func migrate(_ connection: Connection) throws {
        let current = Int(try connection.integer("PRAGMA user_version"))
        guard current <= version else { throw NewerSchema(found: current, known: version) }
        guard current < version else { return }
        if current > 0 {
            try connection.backUp(to: "\(connection.path).backup-v\(current)")
        }
        for (index, migration) in migrations.enumerated().dropFirst(current) {
            try connection.transaction {
                // Where several processes write, another one may have run the step meanwhile.
                guard try connection.integer("PRAGMA user_version") == index else { return }
                try connection.execute(migration.sql)
                try connection.execute("PRAGMA application_id = \(applicationID); PRAGMA user_version = \(index + 1)")
            }
        }
    }
}

/// The database was written by a newer program, which knows more steps.
package struct NewerSchema: Error, Sendable, Equatable {
    package let found: Int
    package let known: Int
}
