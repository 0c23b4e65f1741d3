package import JSON

/// What a job wants of its answers; `nil` where it says nothing.
package struct AnswerChecks: Sendable, Equatable {
    /// The answer is one JSON document.
    package var json: Bool?
    /// The answer follows the schema that the model was given.
    package var schema: Bool?
    /// The answer has more than white space.
    package var notEmpty: Bool?
    /// Is found in the answer.
    package var matches: AnswerPattern?
    /// In characters.
    package var minLength: Int?
    /// In characters.
    package var maxLength: Int?
    /// Whether an answer that repeats itself without end is cut; it is unless this is `false`.
    package var runaway: Bool?

    package init(
        json: Bool? = nil,
        schema: Bool? = nil,
        notEmpty: Bool? = nil,
        matches: AnswerPattern? = nil,
        minLength: Int? = nil,
        maxLength: Int? = nil,
        runaway: Bool? = nil
    ) {
        self.json = json
        self.schema = schema
        self.notEmpty = notEmpty
        self.matches = matches
        self.minLength = minLength
        self.maxLength = maxLength
        self.runaway = runaway
    }

    /// Whether nothing is wanted and nothing refused.
    package var isEmpty: Bool {
        json == nil && schema == nil && notEmpty == nil && matches == nil && minLength == nil && maxLength == nil
            && runaway == nil
    }

    /// These checks with others laid over them, key by key.
    package func merging(_ other: AnswerChecks) -> AnswerChecks {
        AnswerChecks(
            json: other.json ?? json,
            schema: other.schema ?? schema,
            notEmpty: other.notEmpty ?? notEmpty,
            matches: other.matches ?? matches,
            minLength: other.minLength ?? minLength,
            maxLength: other.maxLength ?? maxLength,
            runaway: other.runaway ?? runaway
        )
    }

    package var cutsRunaways: Bool { runaway ?? true }
}

/// The checks under the names of the job file, as a checkpoint keeps those of single items.
extension AnswerChecks {
    package init(_ json: JSONObject) {
        self.init(
            json: json["json"]?.bool,
            schema: json["schema"]?.bool,
            notEmpty: json["not_empty"]?.bool,
            matches: (json["matches"]?.string).flatMap { try? AnswerPattern($0) },
            minLength: json["min_length"]?.int64.flatMap { Int(exactly: $0) },
            maxLength: json["max_length"]?.int64.flatMap { Int(exactly: $0) },
            runaway: json["runaway"]?.bool
        )
    }

    package var members: JSONObject {
        var members = JSONObject()
        members["json"] = json.map { .bool($0) }
        members["schema"] = schema.map { .bool($0) }
        members["not_empty"] = notEmpty.map { .bool($0) }
        members["matches"] = matches.map { .string($0.text) }
        members["min_length"] = minLength.map { .number(JSONNumber($0)) }
        members["max_length"] = maxLength.map { .number(JSONNumber($0)) }
        members["runaway"] = runaway.map { .bool($0) }
        return members
    }
}
