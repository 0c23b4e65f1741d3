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

    /// The whole text, as the checkpoint keeps it.
    func contents() throws(FileProblem) -> [UInt8] {
        switch storage {
        case .bytes(let bytes):
            return bytes
        case .file(let stamp):
            let file = try InputFile(path: path, name: path)
            let bytes = try file.readAll(limit: .max)
            try file.checkUnchanged(since: stamp)
            return bytes
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

    /// Some lines of the text, by number; lines end where YAML ends them.
    ///
    /// What cannot be read is left out: the lines only illustrate messages.
    func lines(_ numbers: Set<Int>) -> [Int: String] {
        guard let last = numbers.max(), let bytes = try? contents() else { return [:] }
        var lines: [Int: String] = [:]
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var index = start
        var number = 1
        while number <= last {
            let length = index < bytes.count ? lineBreak(in: bytes, at: index) : 1
            guard length > 0 else {
                index += 1
                continue
            }
            if numbers.contains(number) {
                lines[number] = String(decoding: bytes[start..<index], as: UTF8.self)
            }
            guard index < bytes.count else { break }
            index += length
            start = index
            number += 1
        }
        return lines
    }

    /// The length of the line break at an index; 0 if there is none.
    private func lineBreak(in bytes: [UInt8], at index: Int) -> Int {
        func next(_ offset: Int) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }
        switch bytes[index] {
        case UInt8(ascii: "\n"): return 1
        case UInt8(ascii: "\r"): return next(1) == UInt8(ascii: "\n") ? 2 : 1
        case 0xC2: return next(1) == 0x85 ? 2 : 0
        case 0xE2: return next(1) == 0x80 && (next(2) == 0xA8 || next(2) == 0xA9) ? 3 : 0
        default: return 0
        }
    }
}
