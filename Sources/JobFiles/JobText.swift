internal import YAML

/// The text of a job file, which can be read more than once without being kept in memory.
struct JobText: Sendable {
    private enum Storage: Sendable {
        case bytes([UInt8])
        /// As the file was when it was first opened.
        case file(FileStamp)
    }

    /// The file as the user named it.
    let path: String
    private let storage: Storage

    init(_ bytes: [UInt8], path: String) {
        self.path = path
        storage = .bytes(bytes)
    }

    /// Takes the text from a file.
    ///
    /// A regular file is read when it is needed; anything else, such as a pipe, at once.
    init(path: String) throws(FileProblem) {
        self.path = path
        let file = try InputFile(path: path, name: path, isRegular: false)
        if let stamp = file.stamp {
            storage = .file(stamp)
        } else {
            storage = .bytes(try file.readAll(limit: FileAccess.maximumTextBytes))
        }
    }

    /// The file as it was when it was first opened; `nil` for anything else than a file.
    var stamp: FileStamp? {
        if case .file(let stamp) = storage { return stamp }
        return nil
    }

    /// Whether to spare another reading, and not to keep it whole.
    var isLarge: Bool { size > 1 << 20 }

    /// In bytes.
    private var size: Int {
        switch storage {
        case .bytes(let bytes): bytes.count
        case .file(let stamp): Int(stamp.size)
        }
    }

    /// The whole text.
    func contents() throws(FileProblem) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(size)
        try forEachPiece {
            text.append(contentsOf: $0)
            return true
        }
        return text
    }

    /// The text with an empty list in the place of a long one.
    ///
    /// - Parameters:
    ///   - list: Where the list stands, as ``YAMLParser/skipValue()`` tells it; with no upper bound if nothing follows.
    ///   - remark: Stands as a comment behind the empty list.
    /// - Returns: UTF-8 without a byte order mark.
    /// - Throws: A ``FileProblem`` if the file cannot be read, or is not the one first seen.
    func contents(emptying list: Range<Int>, remark: String) throws(FileProblem) -> [UInt8] {
        var before: [UInt8] = []
        var after: [UInt8] = []
        var scalars = 0
        var blanks = 0
        try forEachPiece { piece in
            for byte in piece {
                if byte & 0xC0 != 0x80 {
                    scalars += 1
                }
                if scalars <= list.lowerBound {
                    before.append(byte)
                } else if scalars > list.upperBound {
                    after.append(byte)
                } else {
                    blanks = byte == UInt8(ascii: " ") ? blanks + 1 : 0
                }
            }
            return scalars <= list.lowerBound || list.upperBound < .max
        }
        // What follows a list that is not in brackets keeps its column.
        let indent = repeatElement(UInt8(ascii: " "), count: after.isEmpty ? 0 : blanks)
        return before + Array(" [] # \(remark)\n".utf8) + indent + after
    }

    /// Visits the text in pieces, without a byte order mark; their borders mean nothing.
    ///
    /// - Parameter visit: Returns whether to go on.
    /// - Throws: A ``FileProblem`` if the file cannot be read, or is not the one first seen.
    private func forEachPiece(_ visit: (ArraySlice<UInt8>) -> Bool) throws(FileProblem) {
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        switch storage {
        case .bytes(let bytes):
            _ = visit(bytes.starts(with: byteOrderMark) ? bytes[3...] : bytes[...])
        case .file(let stamp):
            let file = try InputFile(path: path, name: path)
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            var isFirst = true
            while true {
                let count = try file.read(into: &piece)
                guard count > 0 else { break }
                let text = isFirst && piece.starts(with: byteOrderMark) ? piece[3..<count] : piece[..<count]
                guard visit(text) else { break }
                isFirst = false
            }
            try file.checkUnchanged(since: stamp)
        }
    }

    /// A parser at the start of the text.
    ///
    /// It fails at the end of a file that is not the one first seen.
    func parser() throws(YAMLError) -> YAMLParser {
        switch storage {
        case .bytes(let bytes):
            return try YAMLParser(bytes)
        case .file(let stamp):
            let start = YAMLMark(line: 1, column: 1)
            let file: InputFile
            do throws(FileProblem) {
                file = try InputFile(path: path, name: path)
                try file.checkUnchanged(since: stamp)
            } catch {
                throw YAMLError(error.message, at: start)
            }
            return try YAMLParser { buffer in
                let count = try file.read(into: buffer)
                if count == 0 {
                    try file.checkUnchanged(since: stamp)
                }
                return count
            }
        }
    }

    /// Whether lines below another one may begin with a key in the first column, or with another document.
    ///
    /// Nothing else than keys ends the value of a key that stands there itself, in a mapping without braces. What such a
    /// value may hold in the first column, entries and remarks, is known by its first letter; all else counts as a key.
    ///
    /// - Parameter line: Counted from 1.
    /// - Returns: `false` if there is none.
    /// - Throws: A ``FileProblem`` if the file cannot be read, or is not the one first seen.
    func mayHaveKeys(below line: Int) throws(FileProblem) -> Bool {
        var finder = KeyFinder(below: line)
        try forEachPiece { piece in
            for byte in piece {
                finder.add(byte)
            }
            return !finder.hasFound
        }
        return finder.hasFound
    }

    /// Some lines of the text, by number; lines end where YAML ends them.
    ///
    /// What cannot be read is left out: the lines only illustrate messages.
    func lines(_ numbers: Set<Int>) -> [Int: String] {
        var finder = LineFinder(numbers)
        try? forEachPiece { piece in
            for byte in piece {
                finder.add(byte)
            }
            return true
        }
        finder.endLine()
        return finder.lines
    }
}

/// Tells where lines end, as YAML ends them, in a text that comes byte by byte.
private struct LineBreaks {
    enum Role {
        case content
        /// With this byte a line has ended, and as many bytes are its break.
        case end(length: Int)
        /// Belongs to the break before it.
        case restOfBreak
    }

    private var last: UInt8 = 0
    private var secondLast: UInt8 = 0

    mutating func role(of byte: UInt8) -> Role {
        defer { (secondLast, last) = (last, byte) }
        return switch byte {
        case UInt8(ascii: "\n") where last == UInt8(ascii: "\r"): .restOfBreak
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"): .end(length: 1)
        case 0x85 where last == 0xC2: .end(length: 2)
        case 0xA8 where last == 0x80 && secondLast == 0xE2, 0xA9 where last == 0x80 && secondLast == 0xE2:
            .end(length: 3)
        default: .content
        }
    }
}

/// Picks lines out of a text that comes byte by byte.
private struct LineFinder {
    private(set) var lines: [Int: String] = [:]
    private let numbers: Set<Int>
    private var number = 1
    private var isWanted: Bool
    private var line: [UInt8] = []
    private var breaks = LineBreaks()

    init(_ numbers: Set<Int>) {
        self.numbers = numbers
        isWanted = numbers.contains(1)
    }

    mutating func add(_ byte: UInt8) {
        switch breaks.role(of: byte) {
        case .content:
            if isWanted {
                line.append(byte)
            }
        case .end(let length): endLine(leavingOut: length - 1)
        case .restOfBreak: break
        }
    }

    /// - Parameter count: The bytes of a line break that were taken for some of the line.
    mutating func endLine(leavingOut count: Int = 0) {
        if isWanted {
            lines[number] = String(decoding: line.dropLast(count), as: UTF8.self)
            line.removeAll()
        }
        number += 1
        isWanted = numbers.contains(number)
    }
}

/// Looks at how lines begin in a text that comes byte by byte, for keys in the first column.
private struct KeyFinder {
    private enum Place {
        case start, afterDash, inside
    }

    /// Whether one of the lines may begin with a key.
    private(set) var hasFound = false
    private var breaks = LineBreaks()
    private var place = Place.inside
    private var linesToLeave: Int

    /// - Parameter line: Only lines after this one are looked at.
    init(below line: Int) {
        linesToLeave = line
    }

    mutating func add(_ byte: UInt8) {
        switch (breaks.role(of: byte), place) {
        case (.end, _):
            linesToLeave -= linesToLeave > 0 ? 1 : 0
            place = linesToLeave > 0 ? .inside : .start
        case (.content, .start):
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "#"): place = .inside
            case UInt8(ascii: "-"): place = .afterDash
            default: find()
            }
        case (.content, .afterDash):
            // A key may begin with a dash, and so may a document.
            if byte == UInt8(ascii: " ") {
                place = .inside
            } else {
                find()
            }
        case (.content, .inside), (.restOfBreak, _): break
        }
    }

    private mutating func find() {
        hasFound = true
        place = .inside
    }
}
