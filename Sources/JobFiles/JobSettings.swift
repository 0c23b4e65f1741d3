internal import BatchCore
internal import JSON
internal import YAML

/// All that a job file says but its prompts, which are read one by one.
struct JobSettings: Sendable {
    var job: Job
    var model: LocatedTemplate?
    /// Whether there is a `model` that could not be read, of which enough has been said.
    var hasBrokenModel = false
    var systemInstruction: LocatedTemplate?
    var config = JSONObject()
    /// Where the job's `checks` stand, if there are any.
    var checksMark: YAMLMark?
    var variables = JSONObject()
    var matrix = Matrix()
    /// Where the list of `prompts` begins, if there is one.
    var promptsMark: YAMLMark?
    /// Where the list stands in the text, in Unicode scalars.
    var promptsRange: Range<Int>?
    var inputs: [InputSpec] = []
    /// What the rows of the inputs are rendered through.
    var rows: PromptSpec?

    init(job: Job) {
        self.job = job
    }

    /// Which settings there are depends on it.
    var backend: JobBackend.Kind { job.backend?.kind ?? .gemini }
}

/// One entry of `inputs`.
struct InputSpec: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case files, jsonl, csv
    }

    var kind: Kind
    /// A path or a pattern; `-` for standard input.
    var path: String
    var mark: YAMLMark
    /// The file as it was when the job was checked.
    var stamp: FileStamp?

    var isStandardInput: Bool { kind == .jsonl && path == "-" }
}
