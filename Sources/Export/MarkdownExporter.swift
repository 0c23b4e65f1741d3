internal import BatchCore
internal import JSON

/// A section for each item, to be read by people; nothing in it can be anything but text.
struct MarkdownExporter: Exporter {
    private let destination: ExportDestination
    private let fields: FieldSelection
    private var isAtStart = true

    init(_ fields: FieldSelection, to destination: ExportDestination) {
        self.destination = destination
        self.fields = fields
    }

    mutating func write(_ row: ExportedRow) throws {
        var lines: [String] = []
        var blocks: [String] = []
        for field in fields.fields where field.name != "key" && (fields.isExplicit || field.isShown(row)) {
            switch field.name {
            case "text" where row.result.turns.count < 2 || fields.isExplicit:
                blocks += row.lastTurn.map { Self.block($0.answer.text) } ?? []
            case "text": break
            case "turns": blocks += Self.turns(row.result.turns)
            case "media": blocks += row.media.map(Self.link)
            case "input":
                for (name, value) in row.inputs {
                    Self.add("input.\(name)", FieldValue(value), &lines, &blocks)
                }
            case "truncated" where !fields.isExplicit:
                if row.result.turns.contains(where: \.answer.isTruncated) {
                    lines.append("- cut at the output limit")
                }
            default: Self.add(field.name, field.value(row), &lines, &blocks)
            }
        }
        blocks += Self.leftOut(row)
        let list = lines.isEmpty ? [] : [lines.joined(separator: "\n")]
        let section = ["## \(Self.code(row.result.key))"] + list + blocks
        try destination.write(Array(((isAtStart ? "" : "\n") + section.joined(separator: "\n\n") + "\n").utf8))
        isAtStart = false
    }

    /// Adds a value to the list if it is a line, else as a block of its own; unknown ones are left out.
    private static func add(_ name: String, _ value: FieldValue, _ lines: inout [String], _ blocks: inout [String]) {
        let text: String
        switch value {
        case .null: return
        case .text(let value), .json(let value): text = value
        case .integer(let number): text = String(number)
        case .bool(let value): text = value ? "yes" : "no"
        }
        if text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
            blocks += ["\(code(name)):"] + block(text)
        } else {
            lines.append("- \(code(name)): \(text.isEmpty ? "(empty)" : code(text))")
        }
    }

    private static func turns(_ turns: [ResultRow.Turn]) -> [String] {
        turns.enumerated().flatMap { index, turn in ["### Answer \(index + 1)"] + block(turn.answer.text) }
    }

    /// What the text does not tell, if it was not written as files.
    private static func leftOut(_ row: ExportedRow) -> [String] {
        guard row.media.isEmpty else { return [] }
        return row.result.turns.flatMap { AnswerParts.media(in: $0.answer) }.map { medium in
            "(\(code(medium.mimeType)), \(medium.count) bytes, is not here; `--media-dir DIR` writes it)"
        }
    }

    private static func link(_ medium: ExportedMedium) -> String {
        let isImage = medium.mimeType.hasPrefix("image/")
        return "\(isImage ? "!" : "")[\(isImage ? "image" : "data")](\(encoded(medium.path)))"
    }

    // MARK: Text that stays text

    /// A fenced block whose fence is longer than any in the text.
    private static func block(_ text: String) -> [String] {
        guard !text.isEmpty else { return [] }
        let fence = String(repeating: "`", count: max(longestRun(text) + 1, 3))
        var bytes = Array("\(fence)text\n".utf8)
        VisibleText.append(text, keepsLines: true, to: &bytes)
        if bytes.last != UInt8(ascii: "\n") {
            bytes.append(UInt8(ascii: "\n"))
        }
        return [String(decoding: bytes, as: UTF8.self) + fence]
    }

    /// One line of code.
    private static func code(_ text: String) -> String {
        let text = VisibleText.visible(text)
        let quotes = String(repeating: "`", count: longestRun(text) + 1)
        let touches = text.hasPrefix("`") || text.hasSuffix("`") || text.hasPrefix(" ") || text.hasSuffix(" ")
        return touches ? "\(quotes) \(text) \(quotes)" : quotes + text + quotes
    }

    private static func longestRun(_ text: String) -> Int {
        var longest = 0
        var current = 0
        for byte in text.utf8 {
            current = byte == UInt8(ascii: "`") ? current + 1 : 0
            longest = max(longest, current)
        }
        return longest
    }

    /// A path as an address.
    private static func encoded(_ path: String) -> String {
        path.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                String(UnicodeScalar(byte))
            default: "%" + ItemFingerprint.hexadecimal([byte])
            }
        }.joined()
    }
}
