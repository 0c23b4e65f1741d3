package import BatchCore
package import JSON
internal import SQLite

/// Items and answers as the columns of the checkpoint hold them.
package enum ItemCoding {
    // MARK: Turns

    /// What the user says, as an array of `{text, media}`.
    package static func write(_ turns: [ItemRequest.Turn], to writer: inout JSONWriter) {
        writer.array { writer in
            for turn in turns {
                writer.object { writer in
                    writer.member("text", turn.text)
                    guard !turn.media.isEmpty else { return }
                    writer.key("media")
                    writer.array { writer in
                        for reference in turn.media {
                            write(reference, to: &writer)
                        }
                    }
                }
            }
        }
    }

    private static func write(_ reference: MediaReference, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("mime_type", reference.mimeType)
            switch reference.location {
            case .uri(let uri):
                writer.member("uri", uri)
            case .file(let path, let sha256):
                writer.member("path", path)
                writer.member("sha256", sha256)
            }
            if let size = reference.size {
                writer.member("size", size)
            }
        }
    }

    static func turns(_ bytes: Span<UInt8>) throws(JSONError) -> [ItemRequest.Turn] {
        var reader = JSONReader(bytes)
        var turns: [ItemRequest.Turn] = []
        try reader.beginArray()
        while try reader.nextElement() {
            turns.append(try turn(&reader))
        }
        return turns
    }

    private static func turn(_ reader: inout JSONReader) throws(JSONError) -> ItemRequest.Turn {
        var turn = ItemRequest.Turn(text: "")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "text") {
                turn.text = try reader.readString()
            } else if reader.matches(key, "media") {
                turn.media = try reader.readValue().array?.map(mediaReference) ?? []
            } else {
                _ = try reader.skipValue()
            }
        }
        return turn
    }

    private static func mediaReference(_ value: JSONValue) -> MediaReference {
        let mimeType = value["mime_type"]?.string ?? ""
        if let path = value["path"]?.string {
            return MediaReference(
                .file(path: path, sha256: value["sha256"]?.string ?? ""),
                mimeType: mimeType,
                size: value["size"]?.int64.map { Int($0) }
            )
        }
        return MediaReference(.uri(value["uri"]?.string ?? ""), mimeType: mimeType)
    }

    // MARK: Checks

    /// Those of one item; of no bytes, none.
    static func checks(_ bytes: Span<UInt8>) throws(JSONError) -> AnswerChecks {
        guard !bytes.isEmpty else { return AnswerChecks() }
        var reader = JSONReader(bytes)
        return AnswerChecks(try reader.readValue().object ?? [:])
    }

    // MARK: Usage

    /// Binds the six token counts to six parameters in a row.
    static func bind(_ usage: TokenUsage, to statement: borrowing Statement, from index: Int32) throws(SQLiteError) {
        try statement.bind(usage.promptTokens, at: index)
        try statement.bind(usage.outputTokens, at: index + 1)
        try statement.bind(usage.thoughtTokens, at: index + 2)
        try statement.bind(usage.cachedTokens, at: index + 3)
        try statement.bind(usage.toolUseTokens, at: index + 4)
        try statement.bind(usage.totalTokens, at: index + 5)
    }

    /// The columns in the order of ``bind(_:to:from:)``.
    static let usageColumns = """
        input_tokens, output_tokens, reasoning_output_tokens, cache_read_input_tokens, tool_use_input_tokens, \
        total_tokens
        """

    static func usage(_ row: borrowing Statement, from index: Int32) -> TokenUsage {
        TokenUsage(
            promptTokens: row.optionalInteger(at: index).map { Int($0) },
            outputTokens: row.optionalInteger(at: index + 1).map { Int($0) },
            thoughtTokens: row.optionalInteger(at: index + 2).map { Int($0) },
            cachedTokens: row.optionalInteger(at: index + 3).map { Int($0) },
            toolUseTokens: row.optionalInteger(at: index + 4).map { Int($0) },
            totalTokens: row.optionalInteger(at: index + 5).map { Int($0) }
        )
    }

    /// A sum of costs, and the number of attempts without one, from two columns in a row.
    static func cost(_ row: borrowing Statement, from index: Int32) -> CostSum {
        CostSum(
            known: MicroDollars(row.optionalInteger(at: index) ?? 0),
            unpricedAttempts: Int(row.integer(at: index + 1))
        )
    }
}

extension Duration {
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
