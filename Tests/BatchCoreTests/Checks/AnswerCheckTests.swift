import BatchCore
import JSON
import Testing

@Suite("AnswerCheck")
struct AnswerCheckTests {
    private func problems(
        _ text: String,
        _ checks: AnswerChecks,
        config: JSONObject = [:],
        finishReason: String = "STOP"
    ) -> [String] {
        AnswerCheck(checks, config: config).problems(in: Answer(text: text, finishReason: finishReason))
    }

    private static let schema: JSONObject = [
        "response_json_schema": ["type": "object", "required": ["title"]]
    ]

    @Test("an answer that no check is made of is never refused", arguments: ["", "{", "   "])
    func nothingAsked(text: String) {
        #expect(problems(text, AnswerChecks(), config: Self.schema) == [])
        #expect(problems(text, AnswerChecks(json: false, notEmpty: false), config: Self.schema) == [])
    }

    @Test("white space alone is empty")
    func empty() {
        let checks = AnswerChecks(notEmpty: true)
        #expect(problems(" \n\t", checks) == ["the answer is empty"])
        #expect(problems("", checks) == ["the answer is empty"])
        #expect(problems("0", checks) == [])
    }

    @Test("an answer of an image alone is not empty, one of thoughts alone is")
    func imageIsContent() {
        let check = AnswerCheck(AnswerChecks(notEmpty: true), config: [:])
        let image = #"[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]"#
        #expect(check.problems(in: Answer(text: "", parts: image, finishReason: "STOP")) == [])
        let thought = #"[{"text":"hm","thought":true},{"text":"","thoughtSignature":"AA=="}]"#
        #expect(check.problems(in: Answer(text: "", parts: thought, finishReason: "STOP")) == ["the answer is empty"])
    }

    @Test("lengths are counted in characters, both limits included")
    func lengths() {
        let checks = AnswerChecks(minLength: 2, maxLength: 3)
        #expect(problems("é👩‍👩‍👧", checks) == [])
        #expect(problems("abc", checks) == [])
        #expect(problems("a", checks) == ["the answer has 1 characters, and must have at least 2"])
        #expect(problems("abcd", checks) == ["the answer has 4 characters, and may have at most 3"])
    }

    @Test("JSON is taken with white space around it and nothing else")
    func json() {
        let checks = AnswerChecks(json: true)
        #expect(problems(" {\"a\": [1, null]}\n", checks) == [])
        #expect(problems("\"word\"", checks) == [])
        #expect(problems("{\"a\": 1", checks).first?.hasPrefix("the answer is not JSON: ") == true)
        #expect(problems("Here it is: {}", checks).count == 1)
        #expect(problems("", checks).count == 1)
    }

    @Test("a code fence around JSON is told as what it is")
    func fence() {
        let text = "\n```json\n{\"a\": 1}\n```"
        #expect(
            problems(text, AnswerChecks(json: true)) == [
                "the answer is not JSON: it is wrapped in a ``` code fence"
            ]
        )
    }

    @Test("json: true asks for the item's schema too, unless schema: false says not to")
    func schemaIsImplied() {
        #expect(problems("{}", AnswerChecks(json: true), config: Self.schema) == ["title is missing"])
        #expect(problems("{}", AnswerChecks(schema: true), config: Self.schema) == ["title is missing"])
        #expect(problems("{}", AnswerChecks(json: true, schema: false), config: Self.schema) == [])
        #expect(problems("{}", AnswerChecks(json: true)) == [])
        #expect(problems("no", AnswerChecks(schema: true), config: Self.schema).count == 1)
    }

    @Test("the answer to an enum is a word and not JSON")
    func words() {
        let config: JSONObject = [
            "response_mime_type": "text/x.enum", "response_schema": ["type": "STRING", "enum": ["red", "blue"]],
        ]
        #expect(problems("red", AnswerChecks(schema: true), config: config) == [])
        #expect(
            problems("pink", AnswerChecks(schema: true), config: config) == [
                #"the answer must be one of "red", "blue""#
            ]
        )
    }

    @Test("an answer that was cut and is refused is told to be too long")
    func truncated() {
        let checks = AnswerChecks(json: true)
        #expect(problems("{}", checks, finishReason: "MAX_TOKENS") == [])
        let found = problems("[1, ", checks, finishReason: "MAX_TOKENS")
        #expect(found.count == 2)
        #expect(found.first == "the answer was cut at the output limit (MAX_TOKENS), so it is too long")
    }

    @Test("a long list of problems is cut short")
    func manyProblems() {
        let config: JSONObject = ["response_json_schema": ["items": ["type": "string"]]]
        let found = problems("[1,2,3,4,5,6,7,8,9,10]", AnswerChecks(json: true), config: config)
        #expect(found.count == 9)
        #expect(found.last == "and 2 more")
    }

    @Test("an item's checks are laid over the job's key by key")
    func merging() throws {
        let pattern = try AnswerPattern("^a")
        let job = AnswerChecks(json: true, notEmpty: true, matches: pattern, maxLength: 5)
        let item = AnswerChecks(json: false, maxLength: 9, runaway: false)
        let merged = job.merging(item)
        #expect(
            merged == AnswerChecks(json: false, notEmpty: true, matches: pattern, maxLength: 9, runaway: false)
        )
        #expect(job.cutsRunaways)
        #expect(!merged.cutsRunaways)
    }

    @Test("checks come back from the members that a checkpoint keeps")
    func members() throws {
        let checks = AnswerChecks(
            json: true,
            schema: false,
            notEmpty: true,
            matches: try AnswerPattern(#"^\{"#),
            minLength: 1,
            maxLength: 20,
            runaway: false
        )
        #expect(AnswerChecks(checks.members) == checks)
        #expect(AnswerChecks(AnswerChecks().members) == AnswerChecks())
        #expect(AnswerChecks().members.isEmpty)
    }
}

@Suite("AnswerPattern")
struct AnswerPatternTests {
    @Test(
        "a pattern is found anywhere unless it says where",
        arguments: [
            ("^\\{", "{}", true), ("^\\{", " {}", false), ("b", "abc", true), ("(?i)YES$", "oh yes", true),
            ("a\\nb", "a\r\nb", false), ("a\\r?\\nb", "a\r\nb", true), ("^$", "", true),
        ]
    )
    func finding(pattern: String, text: String, isFound: Bool) throws {
        #expect(try AnswerPattern(pattern).isFound(in: text) == isFound)
        let problems = AnswerCheck(AnswerChecks(matches: try AnswerPattern(pattern)), config: [:])
            .problems(in: Answer(text: text, finishReason: "STOP"))
        #expect(problems == (isFound ? [] : ["the answer does not match the regular expression \(pattern)"]))
    }

    @Test("what is no pattern is refused with the reason", arguments: ["(", "[a", "*a", "a{2,1}", "\\"])
    func mistakes(pattern: String) {
        let mistake = #expect(throws: AnswerPattern.Mistake.self) { try AnswerPattern(pattern) }
        #expect(mistake?.message.hasPrefix("is not a regular expression: ") == true)
    }

    @Test(
        "a repeated repetition is refused, since it can take for ever",
        arguments: ["(a+)+$", "^(?:\\w*)*x", "x([a-z)]+)*", "(.+?){2,}"]
    )
    func endless(pattern: String) {
        let mistake = #expect(throws: AnswerPattern.Mistake.self) { try AnswerPattern(pattern) }
        #expect(mistake?.message.hasPrefix("can take for ever: ") == true)
    }

    @Test("groups that may be repeated are taken", arguments: ["(\\w+,)*", "(ab)+", "(a+)?", "\\(a+\\)+", "[(a+)]+"])
    func harmlessGroups(pattern: String) throws {
        _ = try AnswerPattern(pattern)
    }

    @Test("of a long answer both ends are looked at")
    func longAnswers() throws {
        let text = "{" + String(repeating: "x", count: 3 * AnswerPattern.longestText) + "}"
        #expect(try AnswerPattern("^\\{").isFound(in: text))
        #expect(try AnswerPattern("\\}$").isFound(in: text))
        #expect(try !AnswerPattern("^\\[").isFound(in: text))
    }
}
