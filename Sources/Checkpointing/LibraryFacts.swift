internal import SQLite

/// What there is to know about the SQLite that is linked.
package struct LibraryFacts: Sendable, Equatable {
    package let version: String
    /// The oldest version that can hold a checkpoint, if this one is older.
    package let missingVersion: String?
    /// Whether two processes that write can damage a database; only one ever writes to a checkpoint.
    package let hasLogResetBug: Bool

    package static var linked: LibraryFacts {
        let linked = LibraryVersion.linked
        return LibraryFacts(
            version: linked.description,
            missingVersion: linked < .oldestUsable ? LibraryVersion.oldestUsable.description : nil,
            hasLogResetBug: linked.hasLogResetBug
        )
    }
}
