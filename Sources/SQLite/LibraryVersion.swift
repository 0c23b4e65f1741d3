internal import CSQLite

/// The version of SQLite that is linked, and what is known about it.
package struct LibraryVersion: Sendable, Comparable, CustomStringConvertible {
    package let major: Int
    package let minor: Int
    package let patch: Int

    package init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
        (self.major, self.minor, self.patch) = (major, minor, patch)
    }

    package static var linked: LibraryVersion {
        let number = Int(sqlite3_libversion_number())
        return LibraryVersion(number / 1_000_000, number / 1000 % 1000, number % 1000)
    }

    /// The first one with all that a checkpoint uses: `STRICT` tables.
    package static let oldestUsable = LibraryVersion(3, 37)

    /// Whether two writers can damage a database whose log is begun anew at the wrong moment; see
    /// https://sqlite.org/wal.html#walresetbug.
    package var hasLogResetBug: Bool {
        let isMended =
            self >= LibraryVersion(3, 51, 3)
            || minor == 50 && patch >= 7 || minor == 44 && patch >= 6
        return !isMended
    }

    package var description: String { "\(major).\(minor).\(patch)" }

    package static func < (left: LibraryVersion, right: LibraryVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}
