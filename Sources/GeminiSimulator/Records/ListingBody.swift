import JSON
import NIOCore

/// The counts of all items as one document, written a few hundred items at a time.
struct ListingBody: BodySource {
    private static let itemsPerPiece = 256

    private let entries: [Ledger.Entry]
    private let totals: Ledger.Entry
    private let match: [UInt8]
    private var next = 0
    private var writer = JSONWriter()
    private var hasWrittenItem = false
    private(set) var isFinished = false

    /// - Parameters:
    ///   - entries: The items.
    ///   - totals: The counts of all of them together.
    ///   - match: Text that an item's text must hold to be listed; empty for all.
    init(entries: [Ledger.Entry], totals: Ledger.Entry, match: String) {
        self.entries = entries
        self.totals = totals
        self.match = Array(match.utf8)
    }

    var isPaced: Bool { false }

    mutating func writeNext(into buffer: inout ByteBuffer) {
        if next == 0 {
            writer.object { totals.writeCounts(into: &$0) }
            buffer.writeString("{\"totals\":")
            buffer.writeBytes(writer.bytes)
            buffer.writeString(",\"items\":[")
        }
        let end = min(next + Self.itemsPerPiece, entries.count)
        for entry in entries[next..<end] where ByteSearch.contains(match, in: entry.text) {
            write(entry, into: &buffer)
        }
        next = end
        if next == entries.count {
            buffer.writeString("]}")
            isFinished = true
        }
    }

    private mutating func write(_ entry: Ledger.Entry, into buffer: inout ByteBuffer) {
        writer.removeAll()
        writer.object { writer in
            writer.member("item", StableHash.hex(entry.item))
            writer.member("model", entry.model)
            writer.member("text", entry.text)
            entry.writeCounts(into: &writer)
        }
        buffer.writeString(hasWrittenItem ? ",\n" : "\n")
        buffer.writeBytes(writer.bytes)
        hasWrittenItem = true
    }
}
