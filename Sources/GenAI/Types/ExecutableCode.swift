public import JSON

/// A program that the model wrote and the server runs.
public struct ExecutableCode: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - code: The program.
    ///   - language: `PYTHON` is the only one so far.
    ///   - id: What its result repeats, if there is one.
    public init(code: String, language: String = "PYTHON", id: String? = nil) {
        json = ["language": .string(language), "code": .string(code)]
        json[text: "id"] = id
    }

    /// A name that the result refers to.
    public var id: String? { json[text: "id"] }
    /// For example `PYTHON`.
    public var language: String? { json[text: "language"] }
    /// The source text.
    public var code: String { json[text: "code"] ?? "" }
}

/// What a program printed, or how it failed.
public struct CodeExecutionResult: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - outcome: How it ended.
    ///   - output: What it printed, or its error.
    ///   - id: That of the program, if it has one.
    public init(outcome: CodeExecutionOutcome, output: String, id: String? = nil) {
        json = ["outcome": .string(outcome.rawValue), "output": .string(output)]
        json[text: "id"] = id
    }

    /// The same as that of the code, if it has one.
    public var id: String? { json[text: "id"] }
    /// How the run ended.
    public var outcome: CodeExecutionOutcome? { json[word: "outcome"] }
    /// Standard output after a success, else standard error.
    public var output: String { json[text: "output"] ?? "" }
}

/// How a program ended.
public struct CodeExecutionOutcome: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// It ran to its end.
    public static let ok = CodeExecutionOutcome(rawValue: "OUTCOME_OK")
    /// It ended with an error.
    public static let failed = CodeExecutionOutcome(rawValue: "OUTCOME_FAILED")
    /// It ran for too long.
    public static let deadlineExceeded = CodeExecutionOutcome(rawValue: "OUTCOME_DEADLINE_EXCEEDED")
}

extension Part {
    /// A program, for a history from elsewhere.
    public static func executableCode(_ code: ExecutableCode) -> Part {
        Part(json: ["executableCode": .object(code.json)])
    }

    /// What a program printed, for a history from elsewhere.
    public static func codeExecutionResult(_ result: CodeExecutionResult) -> Part {
        Part(json: ["codeExecutionResult": .object(result.json)])
    }

    /// Code that the model had run, if the part is that.
    public var executableCode: ExecutableCode? { json[view: "executableCode"] }
    /// What came of code that the model had run, if the part is that.
    public var codeExecutionResult: CodeExecutionResult? { json[view: "codeExecutionResult"] }
}
