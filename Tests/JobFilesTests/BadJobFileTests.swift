import JSON
import JobFiles
import Testing

/// A job that is wrong and all that must be said about it; places are in `job.yaml`.
private struct BadJob: CustomTestStringConvertible {
    var yaml: String
    var messages: [String]

    init(_ yaml: String, _ messages: String...) {
        self.yaml = yaml
        self.messages = messages
    }

    var testDescription: String { yaml }
}

private let structure: [BadJob] = [
    BadJob("", "1:1: the file is empty; a job needs `model` and `prompts` or `inputs`"),
    BadJob("- a\n", "1:1: a job file is a mapping: `model: …`, `prompts: […]`"),
    BadJob("model: m\n", "1:1: the job has no items; add `prompts` or `inputs`"),
    BadJob("model: m\nprompts: []\n", "2:10: \"prompts\" is empty"),
    BadJob("model: m\nprompts: hi\n", "2:10: \"prompts\" must be a list, not \"hi\""),
    BadJob("model: m\ninputs: []\nprompt: x\n", "2:9: \"inputs\" is empty"),
    BadJob("prompts: [hi]\n", "1:1: no model is given; add `model: NAME`"),
    BadJob("model:\nprompts: [hi]\n", "1:7: \"model\" must be text, not nothing"),
    BadJob("model: [a]\nprompts: [hi]\n", "1:8: \"model\" must be text, not a list"),
    BadJob("model: a b\nprompts: [hi]\n", "1:8: \"a b\" cannot be the name of a model"),
    BadJob("model: ../x\nprompts: [hi]\n", "1:8: \"../x\" cannot be the name of a model"),
    BadJob("modle: m\nmodel: m\nprompts: [hi]\n", "1:1: unknown key \"modle\" (did you mean model)"),
    BadJob("model: m\nfrobnicate: 1\nprompts: [hi]\n", "2:1: unknown key \"frobnicate\""),
    BadJob(
        "model: m\nmodel: n\nprompts: [hi]\n",
        "2:1: the key \"model\" is given twice, first in line 1, column 1"
    ),
    BadJob(
        "model: m\nprompts: [hi]\nschedule: {cron: \"15 25 * * *\"}\n",
        "3:22: the hour must be from 0 to 23, not \"25\""
    ),
    BadJob(
        "model: m\nprompts: [hi]\nschedule:\n  cron: 15 2 * *\n",
        "4:16: there must be five fields (minute, hour, day of the month, month, day of the week), not 4"
    ),
    BadJob(
        "model: m\nprompts: [hi]\nschedule:\n  cron: \"\\t99 2 * * *\"\n",
        "4:9: the minute must be from 0 to 59, not \"99\""
    ),
    BadJob(
        "model: m\nprompts: [hi]\nschedule: {timezone: UTC}\n",
        "3:11: \"schedule\" needs `cron`: five fields such as \"15 2 * * *\", or @daily"
    ),
    BadJob(
        "model: m\nprompts: [hi]\nschedule: {cron: \"@daily\", timezone: Europe/Berln}\n",
        "3:38: there is no time zone \"Europe/Berln\"; use a name such as Europe/Berlin or UTC (did you mean Europe/Berlin)"
    ),
    BadJob(
        "model: m\nprompts: [hi]\nschedule: {cron: \"@daily\", timezone: ../../etc/passwd}\n",
        "3:38: there is no time zone \"../../etc/passwd\"; use a name such as Europe/Berlin or UTC"
    ),
    BadJob(
        "model: m\nprompts: [hi]\nlimits: {concurrency: 3, cost_usd: -5}\n",
        "3:36: \"cost_usd\" must be an amount of dollars such as 20 or 7.50, not \"-5\""
    ),
    BadJob(
        "model: m\nprompts: [hi]\nlimits: {total_tokens: 0, duration: 5}\n",
        "3:24: \"total_tokens\" must be a whole number from 1 to 1000000000000000, not \"0\"",
        "3:37: \"duration\" must be a time such as 500ms, 10s, 1m30s or 2h, not \"5\""
    ),
    BadJob(
        "model: m\nprompts: [hi\n",
        "3:1: did not find expected ',' or ']', while parsing a flow sequence (begun in line 2)"
    ),
    BadJob(
        "model: m\nprompts:\n\t- hi\n",
        "3:1: a tab, '@' or '`' cannot begin a value; indent with blanks, and quote text that begins so, "
            + "while scanning for the next token"
    ),
    BadJob("model: m\n---\nprompts: [hi]\n", "2:1: a second document begins here; a file holds one"),
    BadJob(
        "model: m\ninputs:\n  - jsonl: -\nprompt: x\n",
        "3:12: a '-' is not allowed here; begin a list on a line of its own, and quote a lone '-'"
    ),
    BadJob("model: m\nprompts: *p\n", "2:10: the alias '*p' has no anchor '&p' before it"),
    BadJob(
        "a: &p [x]\nmodel: m\nprompts: *p\n",
        "1:1: unknown key \"a\"",
        "3:10: an alias cannot stand here; write the values out"
    ),
]

private let checks: [BadJob] = [
    BadJob("model: m\nprompts: [hi]\nchecks: json\n", "3:9: \"checks\" must be a mapping, not \"json\""),
    BadJob(
        "model: m\nprompts: [hi]\nchecks: {jsn: true, not_empty: 1, runaway: \"false\"}\n",
        "3:10: unknown key \"jsn\" (did you mean json)",
        "3:32: \"not_empty\" must be true or false, not \"1\"",
        "3:44: \"runaway\" must be true or false, not \"false\" in quotes"
    ),
    BadJob(
        "model: m\nprompts: [hi]\nchecks:\n  matches: \"(\"\n  min_length: -1\n",
        "4:12: \"matches\" is not a regular expression: expected ')'",
        "5:15: \"min_length\" must be a whole number of at least 0, not \"-1\""
    ),
    BadJob(
        "model: m\nprompts: [hi]\nchecks: {matches: (a+)+$}\n",
        "3:19: \"matches\" can take for ever: (a+)+ repeats a repetition; leave one of the two out"
    ),
    BadJob(
        "model: m\nchecks: {max_length: 5}\nprompts:\n  - hi\n  - {prompt: ho, checks: {min_length: 6}}\n",
        "5:26: \"min_length\" 6 is more than \"max_length\" 5"
    ),
    BadJob(
        "model: m\nchecks: {schema: true}\nprompts: [hi, ho]\n",
        "2:9: \"schema\" needs response_json_schema or response_schema in config"
    ),
    BadJob(
        "model: m\nprompts:\n  - {prompt: ho, checks: {schema: true, regex: x}}\n  - {prompt: hi, checks: {schema: true}}\n",
        "3:41: unknown key \"regex\"",
        "4:26: \"schema\" needs response_json_schema or response_schema in config"
    ),
    BadJob(
        "model: m\nchecks: {schema: true}\ninputs:\n  - jsonl: \"-\"\nprompt: \"{{text}}\"\n",
        "2:9: \"schema\" needs response_json_schema or response_schema in config"
    ),
]

private let values: [BadJob] = [
    BadJob(
        "version: 2\nmodel: m\nprompts: [hi]\n",
        "1:10: version 2 is not known to this program, which reads version 1; update it"
    ),
    BadJob(
        "version: one\nmodel: m\nprompts: [hi]\n",
        "1:10: \"version\" must be a whole number of at least 1, not \"one\""
    ),
    BadJob(
        "name: a/b\nmodel: m\nprompts: [hi]\n",
        "1:7: \"a/b\" cannot be the name of a file, which the checkpoint needs it for"
    ),
    BadJob(
        "backend: vertx\nmodel: m\nprompts: [hi]\n",
        "1:10: \"backend\" must be one of gemini, vertex, not \"vertx\" (did you mean vertex)"
    ),
    BadJob(
        "model: m\nvertex: {project: p}\nprompts: [hi]\n",
        "2:1: \"vertex\" is for `backend: vertex`"
    ),
    BadJob(
        "backend: gemini\nvertex: {project: p}\nmodel: m\nprompts: [hi]\n",
        "2:1: \"vertex\" is for `backend: vertex`"
    ),
    BadJob(
        "backend: vertex\nvertex: {project: p, host: h, base_url: u}\nmodel: m\nprompts: [hi]\n",
        "2:22: unknown key \"host\"",
        "2:31: unknown key \"base_url\""
    ),
    BadJob("backend: vertex\nvertex: p\nmodel: m\nprompts: [hi]\n", "2:9: \"vertex\" must be a mapping, not \"p\""),
    // The location becomes part of the host's name.
    BadJob(
        "backend: vertex\nvertex: {location: evil.example/x}\nmodel: m\nprompts: [hi]\n",
        "2:20: \"evil.example/x\" is no location of Google Cloud; use lower-case letters, digits and hyphens"
    ),
    BadJob(
        "backend: vertex\nvertex: {location: evil.example, project: ../p}\nmodel: m\nprompts: [hi]\n",
        "2:20: \"evil.example\" is no location of Google Cloud; use lower-case letters, digits and hyphens",
        "2:43: \"../p\" is no project of Google Cloud; use lower-case letters, digits and hyphens"
    ),
    BadJob(
        "backend: openai\nmodel: m\nprompts: [hi]\n",
        "1:10: \"backend\" must be one of gemini, vertex, not \"openai\""
    ),
    BadJob("stream: yes\nmodel: m\nprompts: [hi]\n", "1:9: \"stream\" must be true or false, not \"yes\""),
    BadJob(
        "stream: \"true\"\nmodel: m\nprompts: [hi]\n",
        "1:9: \"stream\" must be true or false, not \"true\" in quotes"
    ),
    BadJob(
        "on_truncation: fial\nmodel: m\nprompts: [hi]\n",
        "1:16: \"on_truncation\" must be one of accept, fail, retry, not \"fial\" (did you mean fail)"
    ),
    BadJob(
        "limits: {concurrency: 0}\nmodel: m\nprompts: [hi]\n",
        "1:23: \"concurrency\" must be a whole number from 1 to 10000, not \"0\""
    ),
    BadJob(
        "limits: {concurrency: 1_000}\nmodel: m\nprompts: [hi]\n",
        "1:23: \"concurrency\" must be a whole number from 1 to 10000, not \"1_000\""
    ),
    BadJob(
        "limits: {requests_per_minute: 0}\nmodel: m\nprompts: [hi]\n",
        "1:31: \"requests_per_minute\" must be a whole number from 1 to 1000000000000, not \"0\""
    ),
    BadJob(
        "limits: {tokens_per_minute: 1.5}\nmodel: m\nprompts: [hi]\n",
        "1:29: \"tokens_per_minute\" must be a whole number from 1 to 1000000000000, not \"1.5\""
    ),
    BadJob(
        "limits: {request_per_day: 10}\nmodel: m\nprompts: [hi]\n",
        "1:10: unknown key \"request_per_day\" (did you mean requests_per_day)"
    ),
    BadJob("limits: 5\nmodel: m\nprompts: [hi]\n", "1:9: \"limits\" must be a mapping, not \"5\""),
    BadJob(
        "retry: {attempts: -1, max_delay: 60, tries: 2}\nmodel: m\nprompts: [hi]\n",
        "1:19: \"attempts\" must be a whole number from 1 to 100, not \"-1\"",
        "1:34: \"max_delay\" must be a time such as 500ms, 10s, 1m30s or 2h, not \"60\"",
        "1:38: unknown key \"tries\""
    ),
    BadJob(
        "timeouts: {idle: 0s, item: 30s1m, connect: 200h}\nmodel: m\nprompts: [hi]\n",
        "1:18: \"idle\" must be more than nothing and at most 168h, not \"0s\"",
        "1:28: \"item\" must be a time such as 500ms, 10s, 1m30s or 2h, not \"30s1m\"",
        "1:44: \"connect\" must be more than nothing and at most 168h, not \"200h\""
    ),
    BadJob(
        "output: {path: ../x}\nmodel: m\nprompts: [hi]\n",
        "1:16: the output \"../x\" must be a file in the job's folder"
    ),
    BadJob("output: {path: .}\nmodel: m\nprompts: [hi]\n", "1:16: the output \".\" must be a file in the job's folder"),
    BadJob(
        "output: {path: /etc/x}\nmodel: m\nprompts: [hi]\n",
        "1:16: the output \"/etc/x\" must be a file in the job's folder"
    ),
    BadJob(
        "config: {temprature: 1, temperature: warm, top_p: 1.5, max_output_tokens: 0}\nmodel: m\nprompts: [hi]\n",
        "1:10: unknown key \"temprature\" (did you mean temperature)",
        "1:38: \"temperature\" must be a number from 0 to 2, not \"warm\"",
        "1:51: \"top_p\" must be a number from 0 to 1, not \"1.5\"",
        "1:75: \"max_output_tokens\" must be a whole number of at least 1, not \"0\""
    ),
    BadJob(
        "config: {presencePenalty: 2, top_k: 0.5, seed: 1.5}\nmodel: m\nprompts: [hi]\n",
        "1:27: \"presencePenalty\" must be a number of at least -2 and below 2, not \"2\"",
        "1:37: \"top_k\" must be a number of at least 1, not \"0.5\"",
        "1:48: \"seed\" must be a whole number from -2147483648 to 2147483647, not \"1.5\""
    ),
    BadJob(
        "config: {top_k: 1, topK: 2, system_instruction: x, audio_timestamp: true, temperature: \"1\"}\nmodel: m\nprompts: [hi]\n",
        "1:20: \"top_k\" is given twice, in two spellings",
        "1:29: \"system_instruction\" stands beside `config`, not in it",
        "1:52: \"audio_timestamp\" works only with backend: vertex; remove it",
        "1:88: \"temperature\" must be a number from 0 to 2, not \"1\" in quotes"
    ),
    BadJob(
        "config: {stop_sequences: [a, b, c, d, e, f], media_resolution: LOW, response_schema: text}\nmodel: m\nprompts: [hi]\n",
        "1:26: \"stop_sequences\" has 6 entries; at most 5 are allowed",
        "1:64: \"media_resolution\" must be one of MEDIA_RESOLUTION_LOW, MEDIA_RESOLUTION_MEDIUM, "
            + "MEDIA_RESOLUTION_HIGH, not \"LOW\"",
        "1:86: \"response_schema\" must be a mapping, not \"text\""
    ),
    BadJob(
        "config: {thinking_config: {thinking_level: HIGH, thinking_budget: 5}}\nmodel: m\nprompts: [hi]\n",
        "1:9: \"thinking_level\" and \"thinking_budget\" exclude each other; keep one"
    ),
    BadJob(
        "config: {response_json_schema: {type: object}}\nmodel: m\nprompts: [hi]\n",
        "1:9: \"response_json_schema\" needs response_mime_type: application/json"
    ),
]

private let items: [BadJob] = [
    BadJob(
        "model: m\nprompts:\n  - [a]\n  - {id: x}\n  - {prompt: a, turns: [b]}\n  - {turns: []}\n  - \"\"\n  - {promt: a, prompt: b}\n",
        "3:5: a prompt must be text or a mapping; write a chat as {turns: […]}, not a list",
        "4:5: the item has neither \"prompt\" nor \"turns\"",
        "5:24: \"prompt\" and \"turns\" exclude each other; keep one",
        "6:13: \"turns\" is empty",
        "7:5: a prompt is empty",
        "8:6: unknown key \"promt\" (did you mean prompt)"
    ),
    BadJob(
        "model: m\nprompts:\n  - {id: a, prompt: x}\n  - {id: b, prompt: x}\n  - {id: a, prompt: y}\n",
        "5:10: the id \"a\" is given twice, first in line 3"
    ),
    BadJob(
        "model: m\nprompts:\n  - \"Hello {{name}}\"\n  - {prompt: \"{{tone}} {{tune}}\", vars: {tone: x}}\n",
        "3:12: unknown variable \"name\"",
        "4:24: unknown variable \"tune\" (did you mean tone)"
    ),
    BadJob(
        "model: m\nvars: {a: 1}\nprompts:\n  - |\n    first\n    then {{a}} and {{b}}\n  - >\n    folded\n    {{a}}\n    {{c}}\n",
        "6:20: unknown variable \"b\"",
        "10:5: unknown variable \"c\""
    ),
    BadJob(
        "model: m\nprompts: [\"{{\", \"{{ }}\", \"{{#a}}\", \"{{/a}}\", \"{{>p}}\", \"{{a(b)}}\"]\n",
        "2:12: a tag begins with '{{' and has no '}}' in its line; to write braces as text, see \"Braces\" in docs/job-file.md",
        "2:18: the tag is empty; write a variable's name between the braces",
        "2:27: the section 'a' has no '{{/a}}'",
        "2:37: '{{/a}}' closes a section that is not open",
        "2:47: tags that begin with '{{>' are not supported",
        "2:57: unknown function \"a\" in a template"
    ),
    BadJob("model: m\nsystem_instruction: \"{{x}}\"\nprompts: [a, b]\n", "2:22: unknown variable \"x\""),
    BadJob(
        "model: m\nprompt: x\nid: y\nprompts: [a]\n",
        "2:1: \"prompt\" is for the rows of `inputs`, and there are none; did you want `prompts`?",
        "3:1: \"id\" is for the rows of `inputs`, and there are none; did you want `prompts`?"
    ),
    BadJob(
        "model: m\ninputs:\n  - a.txt\n  - {}\n  - {csv: a, jsonl: b}\n  - {cvs: a}\n",
        "2:1: \"inputs\" needs a template beside it: `prompt` or `turns`",
        "3:5: an input must be a mapping, not \"a.txt\"",
        "4:5: an input is one of `files: …`, `jsonl: …` or `csv: …`",
        "5:5: an input is one of `files: …`, `jsonl: …` or `csv: …`",
        "6:6: unknown key \"cvs\" (did you mean csv)"
    ),
    BadJob(
        "model: m\nmatrix: {a: [], b: 3, c: [1, 1], d: [[x]], config.temprature: [1], config.top_p: [7], e.f: [1]}\nprompts: [a]\n",
        "2:13: the axis \"a\" must have values, not a list",
        "2:20: the axis \"b\" must be a list, not \"3\"",
        "2:30: the axis \"c\" has \"1\" twice",
        "2:38: a value of the axis \"d\" must be text, not a list",
        "2:44: unknown setting \"config.temprature\" (did you mean config.temperature)",
        "2:83: \"top_p\" must be a number from 0 to 1, not \"7\"",
        "2:87: \"e.f\" cannot be the name of a variable; leave out dots, braces and parentheses"
    ),
    BadJob(
        "model: m\nprompts:\n  - {prompt: a, images: x.png}\n  - {prompt: a, images: [{path: a, uri: b}, {}]}\n"
            + "  - {prompt: a, id: \"\", images: [\"\"]}\n",
        "3:25: \"images\" must be a list, not \"x.png\"",
        "4:26: an image needs either \"uri\" or \"path\"",
        "4:45: an image needs either \"uri\" or \"path\"",
        "5:21: the id is empty",
        "5:34: the image's address is empty"
    ),
]

@Suite struct BadJobFileTests {
    // Fault matrix: F53, F54, F55, F57.
    @Test("every mistake in a file is told with its place", arguments: structure + checks + values + items)
    private func messages(job: BadJob) throws {
        let error = try #require(try Workspace().error(job.yaml))
        let messages = error.problems.map { problem in
            "\(problem.line ?? 0):\(problem.column ?? 0): \(problem.message)"
                + (problem.suggestion.map { " (did you mean \($0))" } ?? "")
        }
        #expect(messages == job.messages)
        #expect(error.problems.allSatisfy { $0.file == "job.yaml" })
        #expect(!error.isMissingInput)
    }

    /// What only the program can tell: what settings mean together, templates, files, and how YAML is written.
    private static let beyondSchema = [
        "no model is given", "cannot be the name of", "is given twice", "regular expression", "can take for ever",
        "is more than \"max_length\"", "needs response_", "of at most", "at most 168h", "exclude each other",
        "in the job's folder", "unknown variable", "cannot be opened", "expected ',' or ']'", "a tab",
        "second document",
        "a '-' is not allowed", "the alias", "an alias", "works only with backend", "is no project", "a tag", "the tag",
        "the section", "a section", "tags that begin",
        "unknown function", "the hour must", "five fields", "the minute must", "no time zone",
    ]

    @Test("what a schema can tell, the schema of job files tells too", arguments: structure + checks + values + items)
    private func schema(job: BadJob) throws {
        let isBeyond = job.messages.allSatisfy { message in Self.beyondSchema.contains { message.contains($0) } }
        let value = try? YAMLText.json(Array(job.yaml.utf8))
        let isValid = value.map { SchemaValidator(JobSchema.document).accepts($0) } ?? false
        #expect(!isValid || isBeyond)
    }

    // Fault matrix: F54.
    @Test("a problem shows the line, a caret below the place, and what was meant")
    func rendering() throws {
        let error = try #require(
            try Workspace().error("modle: gemini\nmodel: m\nprompts:\n  - \"\u{200B}ä {{tome}}\"\nvars: {tone: 1}\n")
        )
        #expect(
            error.description
                == """
                job.yaml:1:1: error: unknown key "modle"
                  modle: gemini
                  ^
                  did you mean "model"?
                job.yaml:4:9: error: unknown variable "tome"
                    - " ä {{tome}}"
                          ^
                  did you mean "tone"?
                """
        )
    }

    @Test("of a long line only the part around the place is shown")
    func longLine() throws {
        let error = try #require(
            try Workspace().error("model: m\nprompts:\n  - \(String(repeating: "x", count: 500)) {{y}} end\n")
        )
        let lines = error.description.split(separator: "\n")
        #expect(lines[1].count < 110)
        let caret = try #require(lines[2].firstIndex(of: "^"))
        #expect(
            lines[1][lines[2].distance(from: lines[2].startIndex, to: caret).index(in: lines[1])...].hasPrefix(
                "{{y}} end"
            )
        )
    }

    @Test("a hundred problems are enough")
    func manyProblems() throws {
        let yaml = "model: m\nprompts:\n" + String(repeating: "  - {prompt: \"{{x}}\"}\n", count: 5000)
        #expect(try Workspace().error(yaml)?.problems.count == 100)
    }

    @Test("a job file that is not there is a missing input")
    func missingFile() throws {
        let path = try Workspace().path + "/none.yaml"
        let error = #expect(throws: JobFileError.self) { try JobFile.load(path: path) }
        #expect(error?.isMissingInput == true)
        #expect(error?.description == "\(path): error: \(path) cannot be read: No such file or directory")
    }

    @Test("what is no file is refused, and never waited for for ever", arguments: ["/dev/zero", "/"])
    func notAFile(path: String) {
        let error = #expect(throws: JobFileError.self) { try JobFile.load(path: path) }
        #expect(error?.isMissingInput == false)
    }
}

extension Int {
    fileprivate func index(in text: Substring) -> Substring.Index {
        text.index(text.startIndex, offsetBy: self)
    }
}
