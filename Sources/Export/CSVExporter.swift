/// A table after RFC 4180: a header, then a row for each item, with CRLF at the ends of lines.
struct CSVExporter: Exporter {
    private static let lineEnd = Array("\r\n".utf8)
    private static let quote = UInt8(ascii: "\"")

    private let destination: ExportDestination
    private let fields: [ResultField]
    /// Whether cells hold text to the byte, whatever programs take it for.
    private let isRaw: Bool
    private var row: [UInt8] = []

    /// Writes the header.
    init(_ fields: FieldSelection, isRaw: Bool, to destination: ExportDestination) throws {
        self.destination = destination
        self.fields = fields.fields
        self.isRaw = isRaw
        for (index, field) in fields.fields.enumerated() {
            append(.text(field.name), at: index)
        }
        try endRow()
    }

    mutating func write(_ row: ExportedRow) throws {
        for (index, field) in fields.enumerated() {
            append(field.value(row), at: index)
        }
        try endRow()
    }

    private mutating func endRow() throws {
        row += Self.lineEnd
        try destination.write(row)
        row.removeAll(keepingCapacity: true)
    }

    private mutating func append(_ value: FieldValue, at index: Int) {
        if index > 0 {
            row.append(UInt8(ascii: ","))
        }
        switch value {
        // A row of nothing would be an empty line, which readers skip.
        case .null: row += fields.count == 1 ? Array("\"\"".utf8) : []
        case .text(let text): append(text)
        case .integer(let number): row += String(number).utf8
        case .bool(let value): row += (value ? "true" : "false").utf8
        case .json(let json): append(cell: Array(json.utf8))
        }
    }

    private mutating func append(_ text: String) {
        guard !isRaw else { return append(cell: Array(text.utf8)) }
        var cell: [UInt8] = []
        if Self.isFormula(text) {
            cell.append(UInt8(ascii: "'"))
        }
        VisibleText.append(text, keepsLines: true, to: &cell)
        append(cell: cell)
    }

    /// Quotes what has to be; also the empty text, which tells it from what is unknown.
    private mutating func append(cell: [UInt8]) {
        let touchesBlanks = cell.first == UInt8(ascii: " ") || cell.last == UInt8(ascii: " ")
        guard cell.isEmpty || touchesBlanks || cell.contains(where: Self.isSpecial) else {
            row += cell
            return
        }
        row.append(Self.quote)
        var start = 0
        while let end = cell[start...].firstIndex(of: Self.quote) {
            row += cell[start...end]
            row.append(Self.quote)
            start = end + 1
        }
        row += cell[start...]
        row.append(Self.quote)
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte == 0x2C || byte == 0x22 || byte == 0x0D || byte == 0x0A
    }

    /// Whether a spreadsheet may take text for a formula: <https://owasp.org/www-community/attacks/CSV_Injection>.
    private static func isFormula(_ text: String) -> Bool {
        switch text.unicodeScalars.first {
        case "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}": true
        default: false
        }
    }
}
