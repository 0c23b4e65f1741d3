internal import JSON

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Cuts a file into lines; it keeps no more of it than one line and a buffer.
struct LineReader {
    private let file: InputFile
    private let maximumLength: Int
    private var buffer: [UInt8]
    private var start = 0
    private var end = 0
    private var isAtEnd = false
    /// The number of the line returned last.
    private(set) var lineNumber = 0

    init(_ file: InputFile, maximumLength: Int = FileAccess.maximumTextBytes, bufferSize: Int = 1 << 16) {
        self.file = file
        self.maximumLength = maximumLength
        buffer = [UInt8](repeating: 0, count: bufferSize)
    }

    /// The next line without its line feed; `nil` at the end of the file.
    mutating func next() throws(DataProblem) -> [UInt8]? {
        var line: [UInt8] = []
        lineNumber += 1
        while true {
            if let newline = nextNewline() {
                line.append(contentsOf: buffer[start..<newline])
                start = newline + 1
                return try checked(line)
            }
            line.append(contentsOf: buffer[start..<end])
            start = end
            _ = try checked(line)
            guard !isAtEnd, try fill() else { return line.isEmpty ? nil : line }
        }
    }

    private func nextNewline() -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            return memchr(base + start, Int32(UInt8(ascii: "\n")), end - start).map { UnsafeRawPointer($0) - base }
        }
    }

    private func checked(_ line: [UInt8]) throws(DataProblem) -> [UInt8] {
        guard line.count <= maximumLength else {
            throw DataProblem(
                file: file.name,
                line: lineNumber,
                "the line is longer than \(maximumLength >> 20) MiB",
                isFatal: true
            )
        }
        return line
    }

    private mutating func fill() throws(DataProblem) -> Bool {
        do throws(FileProblem) {
            start = 0
            end = try file.read(into: &buffer)
        } catch {
            throw DataProblem(error, file: file.name, line: lineNumber)
        }
        isAtEnd = end == 0
        return !isAtEnd
    }
}

/// Reads JSON Lines: one object in each line, whose members are the fields.
final class JSONLinesReader: RowReader {
    private let file: InputFile
    private let stamp: FileStamp?
    private var lines: LineReader

    init(_ file: InputFile, since stamp: FileStamp?, bufferSize: Int = 1 << 16) {
        self.file = file
        self.stamp = stamp
        lines = LineReader(file, bufferSize: bufferSize)
    }

    func next() throws(DataProblem) -> DataRow? {
        while var line = try lines.next() {
            if lines.lineNumber == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) {
                line.removeFirst(3)
            }
            guard line.contains(where: { ![0x20, 0x09, 0x0D].contains($0) }) else { continue }
            let fields = try object(in: line)
            return DataRow(fields: fields, input: fields, origin: "\(file.name):\(lines.lineNumber)")
        }
        do throws(FileProblem) {
            try file.checkUnchanged(since: stamp)
        } catch {
            throw DataProblem(error, file: file.name)
        }
        return nil
    }

    private func object(in line: [UInt8]) throws(DataProblem) -> JSONObject {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: line)
        } catch {
            throw problem("not JSON: \(error.problem)", column: error.offset + 1)
        }
        guard case .object(let fields) = value else {
            throw problem("expected one JSON object in each line, {\"field\": \"value\", …}")
        }
        // The JSON reader repairs such text, but a prompt should not be sent with holes in it.
        let isASCII = line.reduce(0, |) < 0x80
        guard isASCII || String(validating: line, as: UTF8.self) != nil else { throw problem("the line is not UTF-8") }
        guard !Self.hasRepetition(fields.keys) else { throw problem("a field is given twice") }
        return fields
    }

    private static func hasRepetition(_ names: [String]) -> Bool {
        // Few are compared faster than they are hashed.
        guard names.count <= 8 else { return Set(names).count < names.count }
        return names.indices.contains { names[..<$0].contains(names[$0]) }
    }

    private func problem(_ message: String, column: Int? = nil) -> DataProblem {
        DataProblem(file: file.name, line: lines.lineNumber, column: column, message)
    }
}
