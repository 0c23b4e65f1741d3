internal import BatchCore
internal import SQLite

/// The list of uploaded media: asked once per medium and run, so its statements are not kept.
extension CheckpointDatabase {
    func upload(for key: MediaUpload.Key) throws -> MediaUpload? {
        let statement = try connection.prepare(
            """
            SELECT name, uri, size, expires_at_ms FROM upload WHERE sha256 = ?1 AND mime_type = ?2 AND account = ?3
            """
        )
        try bind(key, to: statement)
        guard try statement.step() else { return nil }
        return MediaUpload(
            key: key,
            name: statement.text(at: 0),
            uri: statement.text(at: 1),
            size: Int(statement.integer(at: 2)),
            expiresAtMilliseconds: statement.integer(at: 3)
        )
    }

    /// Adds an upload to the list, and takes those off it that are of no use any more.
    func keep(_ upload: MediaUpload) throws {
        try connection.transaction {
            try connection.execute("DELETE FROM upload WHERE expires_at_ms <= \(System.now)")
            let statement = try connection.prepare(
                """
                INSERT OR REPLACE INTO upload (sha256, mime_type, account, name, uri, size, expires_at_ms)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                """
            )
            try bind(upload.key, to: statement)
            try statement.bind(upload.name, at: 4)
            try statement.bind(upload.uri, at: 5)
            try statement.bind(upload.size, at: 6)
            try statement.bind(upload.expiresAtMilliseconds, at: 7)
            try statement.run()
        }
    }

    private func bind(_ key: MediaUpload.Key, to statement: borrowing Statement) throws {
        try statement.bind(key.sha256, at: 1)
        try statement.bind(key.mimeType, at: 2)
        try statement.bind(key.account, at: 3)
    }
}
