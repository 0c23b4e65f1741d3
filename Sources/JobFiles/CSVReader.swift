internal import JSON

/// Reads CSV as RFC 4180 has it: a header, then rows with as many fields, quoted where they hold commas, quotes or lines.
///
/// LF is accepted for CRLF, and empty lines are skipped. One row is in memory at a time.
final class CSVReader: RowReader {
    /// The names of the columns.
    let header: [String]

    private var records: CSVRecords
    private let file: InputFile
    private let stamp: FileStamp?

    /// Opens a table and reads its header.
    init(_ file: InputFile, since stamp: FileStamp?, bufferSize: Int = 1 << 16) throws(DataProblem) {
        self.file = file
        self.stamp = stamp
        records = CSVRecords(file, bufferSize: bufferSize)
        guard let first = try records.next() else {
            throw DataProblem(file: file.name, "the file is empty; its first line must name the columns", isFatal: true)
        }
        header = first
        for (index, name) in first.enumerated() {
            let problem =
                if name.isEmpty {
                    "column \(index + 1) has no name in the header"
                } else if first[..<index].contains(name) {
                    "two columns are named \"\(name)\""
                } else {
                    nil as String?
                }
            if let problem {
                throw DataProblem(file: file.name, line: records.startLine, problem, isFatal: true)
            }
        }
    }

    func next() throws(DataProblem) -> DataRow? {
        guard let values = try records.next() else {
            do throws(FileProblem) {
                try file.checkUnchanged(since: stamp)
            } catch {
                throw DataProblem(error, file: file.name)
            }
            return nil
        }
        guard values.count == header.count else {
            let fields = values.count == 1 ? "1 field" : "\(values.count) fields"
            throw DataProblem(
                file: file.name,
                line: records.startLine,
                "\(fields), but the header names \(header.count); quote a field that holds a comma"
            )
        }
        var fields = JSONObject()
        for (name, value) in zip(header, values) {
            fields.append(name, .string(value))
        }
        return DataRow(fields: fields, input: fields, origin: "\(file.name):\(records.startLine)")
    }
}

/// Cuts a file into records of fields.
private struct CSVRecords {
    private enum State {
        case fieldStart, unquoted, quoted, quoteInQuoted
    }

    private let file: InputFile
    private var buffer: [UInt8]
    private var position = 0
    private var end = 0
    private var line = 1
    private var size = 0
    private var isAtStart = true
    /// The line in which the record returned last begins.
    private(set) var startLine = 1

    init(_ file: InputFile, bufferSize: Int) {
        self.file = file
        buffer = [UInt8](repeating: 0, count: max(bufferSize, 1))
    }

    /// The next record that is not an empty line; `nil` at the end of the file.
    mutating func next() throws(DataProblem) -> [String]? {
        if isAtStart {
            isAtStart = false
            try skipByteOrderMark()
        }
        var state = State.fieldStart
        var fields: [String] = []
        var field: [UInt8] = []
        var wasQuoted = false
        startLine = line
        size = 0
        while let byte = try take() {
            switch (state, byte) {
            case (.fieldStart, UInt8(ascii: "\"")):
                state = .quoted
                wasQuoted = true
            case (.quoted, UInt8(ascii: "\"")): state = .quoteInQuoted
            case (.quoted, _): field.append(byte)
            case (.quoteInQuoted, UInt8(ascii: "\"")):
                field.append(byte)
                state = .quoted
            case (_, UInt8(ascii: ",")):
                fields.append(try text(of: field))
                field.removeAll(keepingCapacity: true)
                state = .fieldStart
            case (_, UInt8(ascii: "\n")):
                if fields.isEmpty, field.isEmpty, !wasQuoted {
                    startLine = line
                    continue
                }
                fields.append(try text(of: field))
                return fields
            case (_, UInt8(ascii: "\r")) where try peek() == UInt8(ascii: "\n"): break
            case (.quoteInQuoted, _):
                throw problem("text follows a closing quote; inside a field, write a quote twice")
            case (_, UInt8(ascii: "\"")):
                throw problem("a quote inside a field that is not quoted; quote the field and write the quote twice")
            default:
                field.append(byte)
                state = .unquoted
            }
        }
        guard state != .quoted else { throw problem("the file ends inside a quoted field that begins in this row") }
        if fields.isEmpty, field.isEmpty, !wasQuoted { return nil }
        fields.append(try text(of: field))
        return fields
    }

    private func text(of field: [UInt8]) throws(DataProblem) -> String {
        guard let text = String(validating: field, as: UTF8.self) else { throw problem("the row is not UTF-8") }
        return text
    }

    private func problem(_ message: String) -> DataProblem {
        DataProblem(file: file.name, line: startLine, message, isFatal: true)
    }

    private mutating func take() throws(DataProblem) -> UInt8? {
        guard let byte = try peek() else { return nil }
        position += 1
        size += 1
        if byte == UInt8(ascii: "\n") {
            line += 1
        }
        guard size <= FileAccess.maximumTextBytes else {
            throw problem("the row is longer than \(FileAccess.maximumTextBytes >> 20) MiB; is a quote not closed?")
        }
        return byte
    }

    private mutating func peek() throws(DataProblem) -> UInt8? {
        if position == end {
            do throws(FileProblem) {
                end = try file.read(into: &buffer)
                position = 0
            } catch {
                throw DataProblem(error, file: file.name, line: line)
            }
            guard end > 0 else { return nil }
        }
        return buffer[position]
    }

    /// Takes U+FEFF away; bytes that only begin like it belong to the first field.
    private mutating func skipByteOrderMark() throws(DataProblem) {
        var head: [UInt8] = []
        while head.count < 3, let byte = try peek(), byte == [0xEF, 0xBB, 0xBF][head.count] {
            head.append(byte)
            position += 1
        }
        guard head.count < 3 else { return }
        buffer.replaceSubrange(..<position, with: head)
        end += head.count - position
        position = 0
    }
}
