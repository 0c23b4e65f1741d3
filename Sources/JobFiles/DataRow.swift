internal import JSON

/// One row of data, to be rendered through the job's templates.
struct DataRow {
    /// What the templates see.
    var fields: JSONObject
    /// What exports show; the text of a file is not in it.
    var input: JSONObject
    /// `file:line`.
    var origin: String
}

/// A mistake in a data file.
struct DataProblem: Error {
    var file: String
    var line: Int?
    /// Counted from 1, in bytes.
    var column: Int?
    var message: String
    var isMissingInput = false
    /// Whether what follows in the file cannot be read either.
    var isFatal = false

    init(file: String, line: Int? = nil, column: Int? = nil, _ message: String, isFatal: Bool = false) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.isFatal = isFatal
    }

    init(_ problem: FileProblem, file: String, line: Int? = nil) {
        self.init(file: file, line: line, problem.message, isFatal: true)
        isMissingInput = problem.isMissing
    }
}

/// Rows of one input of a job, one after the other.
protocol RowReader: AnyObject {
    /// The next row; `nil` at the end.
    func next() throws(DataProblem) -> DataRow?
}
