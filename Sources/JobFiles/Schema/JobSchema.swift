internal import BatchCore
package import JSON

/// The JSON Schema of job files, for editors; what it knows of keys, words and types is what the decoders know.
///
/// It says less than they do where a schema cannot say it: settings that exclude one another, variables of templates,
/// files that are not there.
package enum JobSchema {
    /// The schema, in version 2020-12 of JSON Schema.
    package static var document: JSONValue {
        var root: JSONObject = [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "A job file of genbatch",
        ]
        root = root.merging(SchemaPart.mapping(SettingsDecoder.keys, job).object)
        root["anyOf"] = [["required": ["prompts"]], ["required": ["inputs"]]]
        root["dependentRequired"] = .object(
            JSONObject(["prompt", "turns", "images", "id"].map { (name: $0, value: ["inputs"]) })
        )
        root["dependentSchemas"] = [
            "inputs": onePrompt.value,
            "vertex": ["properties": ["backend": ["const": "vertex"]], "required": ["backend"]],
        ]
        root["$defs"] = [
            "config": ConfigType.object(ConfigType.members).schema(at: "#/$defs/config").value,
            "answer_schema": ConfigType.object(ConfigType.schemaMembers).schema(at: "#/$defs/answer_schema").value,
            "time": SchemaPart.time.value,
            "price": price.value,
            "tier_factors": factors.value,
        ]
        return .object(root)
    }

    private static let onePrompt = SchemaPart(["oneOf": [["required": ["prompt"]], ["required": ["turns"]]]])
    private static let config = SchemaPart.reference("config")
    private static let serviceTier = SchemaPart(["$ref": "#/$defs/config/properties/service_tier"])

    // MARK: The job

    private static var job: [String: SchemaPart] {
        [
            "version": SchemaPart(["const": 1]).saying("The version of this format."),
            "name": SchemaPart.text(pattern: "^[^/]+$")
                .saying("Names the checkpoint; without it the file's name does."),
            "model": SchemaPart.text.saying("The model of items that name none."),
            "backend": SchemaPart.words(of: JobBackend.Kind.self)
                .saying("The Gemini API with a key, or Vertex AI of Google Cloud."),
            "vertex": SchemaPart.mapping(SettingsDecoder.vertexKeys, vertex)
                .saying("Where in Google Cloud; only with backend: vertex."),
            "stream": SchemaPart.bool.saying("false asks for each answer in one piece."),
            "system_instruction": SchemaPart.text.saying("For items that have none of their own."),
            "config": config.saying("Settings of the model, under the names of Google's Python SDK."),
            "service_tier": serviceTier.saying("How urgent it is, at which price."),
            "prompts": SchemaPart.list(prompt, atLeast: 1).saying("Items that are written here."),
            "inputs": SchemaPart.list(input, atLeast: 1).saying("Items that are read from data, one for each row."),
            "prompt": SchemaPart.prompt.saying("What each row of inputs is rendered through."),
            "turns": turns.saying("A chat for each row: one question after the other."),
            "images": images.saying("Images or other media of each row."),
            "id": SchemaPart.text.saying("Names the item of each row; without it a hash of the content does."),
            "vars": variables.saying("Variables for all templates."),
            "matrix": matrix.saying("Sends every item once for each combination of these values."),
            "limits": SchemaPart.mapping(SettingsDecoder.limitKeys, limits).saying("What the job may use."),
            "retry": SchemaPart.mapping(SettingsDecoder.retryKeys, retry).saying("How often to try again."),
            "timeouts": SchemaPart.mapping(SettingsDecoder.timeoutKeys, timeouts).saying("How long to wait."),
            "on_truncation": SchemaPart.words(of: Job.TruncationPolicy.self)
                .saying("What to do when an answer ends because its token limit was reached."),
            "checks": checks.saying("What is wanted of the answers."),
            "output": SchemaPart.mapping(SettingsDecoder.outputKeys, output).saying("Where results are written."),
            "prices": prices.saying("Prices for this job, in US dollars per million tokens."),
            "schedule": schedule.saying("When genbatch schedule has it run by itself."),
        ]
    }

    private static let vertex: [String: SchemaPart] = [
        "project": SchemaPart.text(pattern: "^[a-z0-9.:-]+$").saying("The project of Google Cloud."),
        "location": SchemaPart.text(pattern: "^[a-z0-9-]+$").saying("The location, such as global."),
    ]

    private static let limits: [String: SchemaPart] = [
        "concurrency": SchemaPart.integer(1...Limits.maximumConcurrency).saying("Requests in flight at once."),
        "requests_per_minute": quota.saying("Requests in any minute, for each model; without it found out."),
        "tokens_per_minute": quota.saying("Input tokens in any minute, for each model; without it found out."),
        "requests_per_day": quota.saying("Requests of one day, for each model; the rest is deferred."),
        "cost_usd": SchemaPart(["type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1_000_000_000])
            .saying("What all runs of the job may cost together, in US dollars."),
        "total_tokens": SchemaPart.integer(1...SpendingLimits.maximumTokens)
            .saying("Input and output tokens of all runs of the job together."),
        "duration": SchemaPart.reference("time").saying("How long one run may start new requests."),
    ]

    private static let quota = SchemaPart.integer(1...QuotaLimits.maximum)

    private static let retry: [String: SchemaPart] = [
        "attempts": SchemaPart.integer(SettingsDecoder.attempts)
            .saying("Attempts for one item in one run, the first included."),
        "max_delay": SchemaPart.reference("time").saying("The longest wait between attempts."),
    ]

    private static let timeouts: [String: SchemaPart] = [
        "connect": SchemaPart.reference("time").saying("Until the connection stands."),
        "first_chunk": SchemaPart.reference("time").saying("Until the first piece of the answer."),
        "idle": SchemaPart.reference("time").saying("Between two pieces of the answer."),
        "item": SchemaPart.reference("time").saying("One whole attempt."),
    ]

    private static let schedule = SchemaPart(
        SchemaPart.mapping(
            ScheduleDecoder.keys,
            [
                "cron": SchemaPart.text.saying("Five fields as in a crontab, or @daily and the like."),
                "timezone": SchemaPart.text.saying("Whose clocks that is, such as Europe/Berlin."),
            ]
        ).object.merging(["required": ["cron"]])
    )

    private static let output: [String: SchemaPart] = [
        "path": SchemaPart.text.saying("A .jsonl, .csv or .md file in the job's folder, written at the end of a run.")
    ]

    private static let checks = SchemaPart.mapping(
        ChecksDecoder.keys,
        [
            "json": SchemaPart.bool.saying("The answer is JSON, and follows the schema in config if there is one."),
            "schema": SchemaPart.bool.saying("The answer follows the schema in config."),
            "not_empty": SchemaPart.bool.saying("The answer is more than blanks."),
            "matches": SchemaPart.text.saying("A regular expression that the answer matches."),
            "min_length": SchemaPart.integer(0...(.max)).saying("The fewest characters of an answer."),
            "max_length": SchemaPart.integer(0...(.max)).saying("The most characters of an answer."),
            "runaway": SchemaPart.bool.saying("false lets answers go on that repeat themselves without end."),
        ]
    )

    // MARK: The items

    private static var prompt: SchemaPart {
        .any(
            of: SchemaPart.prompt,
            SchemaPart.mapping(
                PromptDecoder.keys,
                [
                    "id": SchemaPart.text.saying("Names the item; without it a hash of the content does."),
                    "prompt": SchemaPart.prompt.saying("What to ask."),
                    "turns": turns.saying("A chat: one question after the other."),
                    "images": images.saying("Images or other media beside the text."),
                    "config": config.saying("Settings over the job's, key by key."),
                    "service_tier": serviceTier.saying("How urgent it is, at which price."),
                    "model": SchemaPart.text.saying("Another model than the job's."),
                    "system_instruction": SchemaPart.text.saying("Another one than the job's."),
                    "vars": variables.saying("Variables over the job's."),
                    "checks": checks.saying("Checks over the job's."),
                ]
            ).with(onePrompt)
        )
    }

    private static var input: SchemaPart {
        SchemaPart.mapping(
            InputSpec.Kind.allCases.map(\.rawValue),
            [
                "files": SchemaPart.text.saying("Text files by a pattern: {{text}}, {{path}}, {{name}}, {{stem}}."),
                "jsonl": SchemaPart.text.saying("A file of JSON objects, one a line; \"-\" reads standard input."),
                "csv": SchemaPart.text.saying("A table whose first line names the columns."),
            ]
        ).with(SchemaPart(["minProperties": 1, "maxProperties": 1]))
    }

    private static let turns = SchemaPart.list(.prompt, atLeast: 1)

    private static let images = SchemaPart.list(
        .any(
            of: SchemaPart.text(minLength: 1),
            SchemaPart.mapping(
                PromptDecoder.imageKeys,
                [
                    "uri": SchemaPart.text(minLength: 1).saying("gs://, https:// or a file of the Files API."),
                    "path": SchemaPart.text(minLength: 1).saying("A file, from the job's folder."),
                    "mime_type": SchemaPart.text.saying("Its type, where the name does not tell it."),
                ]
            ).with(SchemaPart(["oneOf": [["required": ["uri"]], ["required": ["path"]]]]))
        ),
        atLeast: nil
    )

    private static let variableName = "^[^{}().\\r\\n]+$"
    private static let variables = SchemaPart(["type": "object", "propertyNames": ["pattern": .string(variableName)]])

    /// Axes are variables, but for those that are settings.
    private static var matrix: SchemaPart {
        let settings = ConfigType.members.filter { $0.value.isScalar }.keys.sorted()
        let axes = settings.flatMap { name in
            ConfigType.spellings(of: name).map { spelling in
                let value = SchemaPart(["$ref": .string("#/$defs/config/properties/\(name)")]).with(.text)
                return (name: "config.\(spelling)", value: axis(value).value)
            }
        }
        return SchemaPart([
            "type": "object",
            "properties": .object(JSONObject(axes)),
            "patternProperties": [variableName: axis(.text).value],
            "additionalProperties": false,
        ])
    }

    private static func axis(_ value: SchemaPart) -> SchemaPart {
        SchemaPart.list(value, atLeast: 1).with(SchemaPart(["uniqueItems": true]))
    }

    // MARK: Prices

    private static var prices: SchemaPart {
        let entry = SchemaPart.reference("price")
        return SchemaPart.mapping(
            PriceDecoder.keys,
            [
                "date": SchemaPart.day.saying("When the prices were looked up."),
                "factors": SchemaPart.reference("tier_factors").saying("For models that have none of their own."),
                "models": SchemaPart([
                    "type": "object",
                    "propertyNames": ["pattern": "^[^/]+$"],
                    "additionalProperties": SchemaPart.any(of: entry, .list(entry, atLeast: nil)).value,
                ]).saying("A price for each model, or a list of prices with the days from which they hold."),
            ]
        )
    }

    private static var price: SchemaPart {
        let rates = Dictionary(uniqueKeysWithValues: PriceDecoder.rateKeys.map { ($0, rate) })
        return SchemaPart.mapping(
            PriceDecoder.entryKeys,
            rates.merging([
                "from": SchemaPart.day.saying("The day from which it holds."),
                "large_prompt": SchemaPart.mapping(
                    PriceDecoder.largePromptKeys,
                    rates.merging([
                        "above": SchemaPart.integer(1...(.max)).saying("Tokens of the prompt up to which it does not.")
                    ]) { $1 }
                ).with(SchemaPart(["required": ["above"]])).saying("What requests with long prompts cost."),
                "factors": SchemaPart.reference("tier_factors").saying("What the tiers cost beside standard."),
                "as_of": SchemaPart.text.saying("Where and when this was looked up."),
            ]) { $1 }
        )
    }

    private static let rate = SchemaPart(["type": "number", "minimum": 0, "maximum": 1_000_000])
        .saying("US dollars per million tokens.")

    private static var factors: SchemaPart {
        let names = PriceDecoder.tiers.map(\.rawValue)
        let factor = SchemaPart(["type": "number", "minimum": 0, "maximum": 1_000_000])
        return SchemaPart.mapping(
            names,
            Dictionary(uniqueKeysWithValues: names.map { ($0, factor.saying("A factor of the price, such as 0.5.")) })
        )
    }
}
