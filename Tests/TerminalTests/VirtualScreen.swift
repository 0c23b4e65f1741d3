@testable import Terminal

/// What a terminal shows after it was sent some text: just as much of one as the bar needs.
///
/// A control sequence that it does not know, or one that would leave the screen, is kept as a complaint.
struct VirtualScreen {
    private struct Cell {
        var text: String
        var isContinuation = false
    }

    private(set) var size: TerminalSize
    /// All rows ever written, those that scrolled away first.
    private var rows: [[Cell]] = [[]]
    private var row = 0
    private var column = 0
    private var isWrapPending = false
    private(set) var complaints: [String] = []
    private(set) var isCursorVisible = true
    private(set) var hasColour = false
    /// How many characters and sequences were fed in.
    private(set) var fedCharacters = 0

    init(columns: Int, rows: Int) {
        size = TerminalSize(columns: columns, rows: rows)
    }

    /// Every row from the first that has scrolled away to the last, without trailing blanks.
    var lines: [String] {
        var lines = rows.map { row in
            var text = row.map(\.text).joined()
            while text.last == " " { text.removeLast() }
            return text
        }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// The rows that are in view.
    var visibleLines: [String] { Array(lines.dropFirst(top)) }

    private var top: Int { max(0, rows.count - size.rows) }

    mutating func feed(_ text: String) {
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            fedCharacters += 1
            switch scalar {
            case "\u{1B}": sequence(&scalars)
            case "\r": (column, isWrapPending) = (0, false)
            case "\n": lineFeed()
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value):
                complaints.append("control character \(scalar.value)")
            default: put(scalar)
            }
        }
    }

    /// Changes the width as most terminals do: rows that no longer fit are broken, the cursor stays at its text.
    mutating func resize(columns: Int, rows count: Int) {
        var broken: [[Cell]] = []
        var newRow = 0
        for (index, line) in rows.enumerated() {
            if index == row { newRow = broken.count + column / columns }
            var rest = line[...]
            repeat {
                broken.append(Array(rest.prefix(columns)))
                rest = rest.dropFirst(columns)
            } while !rest.isEmpty
        }
        (rows, row, column) = (broken, newRow, column % columns)
        size = TerminalSize(columns: columns, rows: count)
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        let width = TerminalText.columns(String(scalar))
        if width == 0 {
            if column > 0, column <= rows[row].count { rows[row][column - 1].text.unicodeScalars.append(scalar) }
            return
        }
        if isWrapPending || column + width > size.columns {
            column = 0
            lineFeed()
        }
        while rows[row].count < column + width { rows[row].append(Cell(text: " ")) }
        rows[row][column] = Cell(text: String(scalar))
        if width == 2 { rows[row][column + 1] = Cell(text: "", isContinuation: true) }
        column += width
        isWrapPending = column == size.columns
        if isWrapPending { column -= 1 }
    }

    private mutating func lineFeed() {
        isWrapPending = false
        row += 1
        if row == rows.count { rows.append([]) }
    }

    private mutating func sequence(_ scalars: inout ArraySlice<Unicode.Scalar>) {
        guard scalars.popFirst() == "[" else { return complaints.append("escape without bracket") }
        var parameters = ""
        while let scalar = scalars.popFirst() {
            guard (0x40...0x7E).contains(scalar.value) else {
                parameters.unicodeScalars.append(scalar)
                continue
            }
            return perform(Character(scalar), parameters)
        }
        complaints.append("unfinished sequence")
    }

    private mutating func perform(_ command: Character, _ parameters: String) {
        let count = Int(parameters) ?? 1
        isWrapPending = false
        switch (command, parameters) {
        case ("A", _):
            if row - count < top { complaints.append("up beyond the top") }
            row = max(top, row - count)
        case ("B", _):
            if row + count >= rows.count { complaints.append("down beyond the bottom") }
            row = min(rows.count - 1, row + count)
        case ("K", ""): rows[row] = Array(rows[row].prefix(column))
        case ("K", "2"): rows[row] = []
        case ("m", _): hasColour = hasColour || parameters != "0"
        case ("h", "?25"): isCursorVisible = true
        case ("l", "?25"): isCursorVisible = false
        case ("h", "?2026"), ("l", "?2026"): break
        default: complaints.append("unknown sequence \(parameters)\(command)")
        }
    }
}
