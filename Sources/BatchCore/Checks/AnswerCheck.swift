package import JSON

/// Looks whether an answer is what its job wants.
package struct AnswerCheck: Sendable {
    /// More are counted, not listed.
    private static let mostProblems = 8

    private let checks: AnswerChecks
    /// The schema that the model was given, if the answer is held against it.
    private let schema: JSONValue?
    /// Whether the answer is one of the schema's words, and no JSON.
    private let isWord: Bool

    /// - Parameters:
    ///   - checks: The checks of the item, laid over those of its job.
    ///   - config: The settings of its request.
    package init(_ checks: AnswerChecks, config: JSONObject) {
        self.checks = checks
        let isWanted = checks.schema ?? (checks.json == true)
        schema = isWanted ? Self.schema(in: config) : nil
        isWord = config["response_mime_type"]?.string == "text/x.enum"
    }

    /// The schema that a request's settings give the model.
    package static func schema(in config: JSONObject) -> JSONValue? {
        config["response_json_schema"] ?? config["response_schema"]
    }

    /// An answer of this size may take milliseconds to look through.
    private static let longAnswer = 64 << 10

    /// Whether looking takes more than a moment: patterns may try very many ways to match, and answers may be long.
    func takesTime(for answer: Answer) -> Bool {
        if checks.matches != nil || checks.json == true || schema != nil { return true }
        return answer.structuredParts != nil || answer.text.utf8.count > Self.longAnswer
    }

    /// What is wrong with an answer, each in words that the model can be told too; empty if nothing is.
    package func problems(in answer: Answer) -> [String] {
        var problems = textProblems(answer)
        if problems.isEmpty {
            problems = structureProblems(answer.text)
        }
        if !problems.isEmpty, answer.isTruncated {
            problems.insert("the answer was cut at the output limit (MAX_TOKENS), so it is too long", at: 0)
        }
        guard problems.count > Self.mostProblems else { return problems }
        return problems.prefix(Self.mostProblems) + ["and \(problems.count - Self.mostProblems) more"]
    }

    private func textProblems(_ answer: Answer) -> [String] {
        if checks.notEmpty == true, answer.text.allSatisfy(\.isWhitespace), !answer.hasData {
            return ["the answer is empty"]
        }
        var problems: [String] = []
        if checks.minLength != nil || checks.maxLength != nil {
            let length = answer.text.count
            if let least = checks.minLength, length < least {
                problems.append("the answer has \(length) characters, and must have at least \(least)")
            }
            if let most = checks.maxLength, length > most {
                problems.append("the answer has \(length) characters, and may have at most \(most)")
            }
        }
        if let pattern = checks.matches, !pattern.isFound(in: answer.text) {
            problems.append("the answer does not match the regular expression \(pattern.text)")
        }
        return problems
    }

    private func structureProblems(_ text: String) -> [String] {
        guard checks.json == true || schema != nil else { return [] }
        if isWord, let schema {
            return JSONSchemaCheck(schema).problems(in: .string(text))
        }
        do throws(JSONError) {
            let value = try JSONValue(parsing: text)
            return schema.map { JSONSchemaCheck($0).problems(in: value) } ?? []
        } catch {
            if text.drop(while: \.isWhitespace).hasPrefix("```") {
                return ["the answer is not JSON: it is wrapped in a ``` code fence"]
            }
            return ["the answer is not JSON: \(error)"]
        }
    }
}

extension Answer {
    /// Whether there is anything besides text, such as an image or a call.
    fileprivate var hasData: Bool {
        guard let structuredParts, let parts = try? JSONValue(parsing: structuredParts).array else { return false }
        let words: Set = ["text", "thought", "thoughtSignature"]
        return parts.contains { part in
            part["thought"]?.bool != true && part.object?.keys.allSatisfy(words.contains) == false
        }
    }
}
