internal import YAML

/// Where in the job file a problem stands.
struct Place: Hashable {
    var mark: YAMLMark
    /// The end of the scalar, when the problem is one of its template tags.
    var end: YAMLMark?
    /// Which `{{` of the scalar it is, counted from 0.
    ///
    /// Its line and column are looked up in the text only when the problem is shown: escapes and folding make them
    /// unknowable from the scalar alone.
    var tag: Int?

    init(_ mark: YAMLMark, end: YAMLMark? = nil, tag: Int? = nil) {
        self.mark = mark
        self.end = end
        self.tag = tag
    }
}

/// Gathers the problems of one pass over a job.
final class ProblemLog {
    /// Enough to see what is wrong; a job of a million bad items must not fill the memory with complaints.
    static let maximumJobProblems = 100
    static let maximumDataProblems = 20

    private struct Entry: Hashable {
        var place: Place
        var message: String
        var suggestion: String?
        var isMissingInput: Bool
    }

    private var entries: [Entry] = []
    private var known: Set<Entry> = []
    private var dataProblems: [Problem] = []

    var isEmpty: Bool { entries.isEmpty && dataProblems.isEmpty }

    /// Whether to stop looking for more.
    var isFull: Bool {
        entries.count >= Self.maximumJobProblems || dataProblems.count >= Self.maximumDataProblems
    }

    var count: Int { entries.count + dataProblems.count }

    /// Notes a problem at a place in the job file; one that is noted already is left out.
    func add(_ message: String, at place: Place, suggestion: String? = nil, isMissingInput: Bool = false) {
        let entry = Entry(place: place, message: message, suggestion: suggestion, isMissingInput: isMissingInput)
        guard entries.count < Self.maximumJobProblems, known.insert(entry).inserted else { return }
        entries.append(entry)
    }

    func add(_ message: String, at mark: YAMLMark, suggestion: String? = nil, isMissingInput: Bool = false) {
        add(message, at: Place(mark), suggestion: suggestion, isMissingInput: isMissingInput)
    }

    func add(_ error: YAMLError) {
        add(error.message, at: error.mark)
    }

    /// Notes a problem of a data file.
    func add(_ problem: DataProblem) {
        dataProblems.append(
            Problem(
                file: problem.file,
                line: problem.line,
                column: problem.column,
                message: problem.message,
                isMissingInput: problem.isMissingInput
            )
        )
    }

    /// All that was found, sorted by place, with the lines of the job file; `nil` if nothing was.
    func error(in text: JobText) -> JobFileError? {
        guard !isEmpty else { return nil }
        var needed: Set<Int> = []
        for entry in entries {
            needed.insert(entry.place.mark.line)
            if let end = entry.place.end {
                needed.formUnion(entry.place.mark.line...max(end.line, entry.place.mark.line))
            }
        }
        let lines = text.lines(needed)
        let problems = entries.map { entry in
            let mark = TagFinder.mark(of: entry.place, in: lines)
            return Problem(
                file: text.path,
                line: mark.line,
                column: mark.column,
                message: entry.message,
                sourceLine: lines[mark.line],
                suggestion: entry.suggestion,
                isMissingInput: entry.isMissingInput
            )
        }
        let sorted = problems.enumerated().sorted {
            ($0.element.line ?? 0, $0.element.column ?? 0, $0.offset) < (
                $1.element.line ?? 0, $1.element.column ?? 0, $1.offset
            )
        }
        return JobFileError(sorted.map(\.element) + dataProblems)
    }
}

/// Finds template tags in the source of a scalar.
private enum TagFinder {
    /// The line and column of a place: of its tag if it has one, else of its mark.
    static func mark(of place: Place, in lines: [Int: String]) -> YAMLMark {
        guard let tag = place.tag, let end = place.end else { return place.mark }
        var seen = 0
        for number in place.mark.line...max(end.line, place.mark.line) {
            guard let line = lines[number] else { continue }
            let scalars = Array(line.unicodeScalars)
            let last = number == end.line ? min(end.column - 1, scalars.count) : scalars.count
            var index = number == place.mark.line ? place.mark.column - 1 : 0
            while index + 1 < last {
                guard scalars[index] == "{", scalars[index + 1] == "{" else {
                    index += 1
                    continue
                }
                if seen == tag { return YAMLMark(line: number, column: index + 1) }
                seen += 1
                index += 2
            }
        }
        return place.mark
    }
}
