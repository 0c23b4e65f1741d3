import NIOCore

/// How documents become events on the wire; an empty set is what the servers send.
struct Framing: OptionSet, Sendable {
    let rawValue: Int

    /// Lines end with LF alone.
    static let lineFeed = Framing(rawValue: 1 << 0)
    /// Lines end with CR alone.
    static let carriageReturn = Framing(rawValue: 1 << 1)
    /// Comment lines stand before each event, as gateways keep connections alive.
    static let comments = Framing(rawValue: 1 << 2)
    /// No blank after `data:`.
    static let noSpace = Framing(rawValue: 1 << 3)
    /// Each document spreads over several `data` lines.
    static let manyDataLines = Framing(rawValue: 1 << 4)
    /// A byte-order mark stands at the very start.
    static let byteOrderMark = Framing(rawValue: 1 << 5)
    /// `event`, `id` and `retry` lines come along.
    static let otherFields = Framing(rawValue: 1 << 6)
    /// `[DONE]` comes at the end.
    static let done = Framing(rawValue: 1 << 7)
    /// The last event has no empty line after it.
    static let noLastBlankLine = Framing(rawValue: 1 << 8)

    /// The names that a fault script uses.
    static let named: [(name: String, framing: Framing)] = [
        ("lf", .lineFeed), ("cr", .carriageReturn), ("comments", .comments), ("noSpace", .noSpace),
        ("manyDataLines", .manyDataLines), ("bom", .byteOrderMark), ("fields", .otherFields), ("done", .done),
        ("noLastBlankLine", .noLastBlankLine),
    ]

    private var lineEnd: String {
        contains(.lineFeed) ? "\n" : contains(.carriageReturn) ? "\r" : "\r\n"
    }

    /// Writes what stands before the first event.
    func writeStart(into buffer: inout ByteBuffer) {
        if contains(.byteOrderMark) {
            buffer.writeBytes([0xEF, 0xBB, 0xBF])
        }
    }

    /// Writes one document as an event.
    func write(_ document: [UInt8], number: Int, isLast: Bool, into buffer: inout ByteBuffer) {
        if contains(.comments) {
            buffer.writeString(": keep-alive\(lineEnd)\(lineEnd)")
        }
        if contains(.otherFields) {
            buffer.writeString("event: message\(lineEnd)id: \(number)\(lineEnd)retry: 1000\(lineEnd)")
        }
        writeData(document, into: &buffer)
        if isLast, contains(.done) {
            buffer.writeString("\(lineEnd)data: [DONE]\(lineEnd)")
        }
        if !isLast || !contains(.noLastBlankLine) {
            buffer.writeString(lineEnd)
        }
    }

    private func writeData(_ document: [UInt8], into buffer: inout ByteBuffer) {
        let field = contains(.noSpace) ? "data:" : "data: "
        buffer.writeString(field)
        guard contains(.manyDataLines), document.count > 2 else {
            buffer.writeBytes(document)
            buffer.writeString(lineEnd)
            return
        }
        // After the first brace and before the last one a line end is only a blank to JSON.
        buffer.writeBytes(document.prefix(1))
        buffer.writeString("\(lineEnd)\(field)")
        buffer.writeBytes(document.dropFirst().dropLast())
        buffer.writeString("\(lineEnd)\(field)")
        buffer.writeBytes(document.suffix(1))
        buffer.writeString(lineEnd)
    }
}
