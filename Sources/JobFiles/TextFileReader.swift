internal import JSON

/// Reads whole text files, one row each, with the variables `text`, `path`, `name` and `stem`.
final class TextFileReader: RowReader {
    static let fields = ["text", "path", "name", "stem"]

    private let access: FileAccess
    private var glob: FileGlob

    init(_ pattern: String, access: FileAccess) {
        self.access = access
        glob = FileGlob(pattern, in: access.folder)
    }

    func next() throws(DataProblem) -> DataRow? {
        guard let path = glob.next() else { return nil }
        let bytes: [UInt8]
        do throws(FileProblem) {
            let (file, _) = try access.open(path)
            bytes = try file.readAll(limit: FileAccess.maximumTextBytes)
            try file.checkUnchanged(since: file.stamp)
        } catch {
            var problem = DataProblem(error, file: path)
            problem.isFatal = false
            throw problem
        }
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else {
            throw DataProblem(file: path, "the file is not UTF-8 text")
        }
        return DataRow(path: path, text: text)
    }
}

extension DataRow {
    fileprivate init(path: String, text: String) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let stem = name.lastIndex(of: ".").map { $0 > name.startIndex ? String(name[..<$0]) : name } ?? name
        input = ["path": .string(path), "name": .string(name), "stem": .string(stem)]
        fields = input
        fields["text"] = .string(text)
        origin = path
    }
}
