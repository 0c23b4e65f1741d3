import BatchCore
import JSON
import JobFiles
import TestSupport
import Testing

@Suite("Settings of a job file")
struct ConfigTests {
    @Test("settings arrive under their snake_case names, and the user's names as written", arguments: ConfigExample.all)
    func settings(example: ConfigExample) throws {
        let items = try Workspace().items("model: m\nprompts: [p]\nconfig: \(example.yaml)\n")
        #expect(try items.map { JSONValue.object($0.request.config) } == [JSONValue(parsing: example.settings)])
    }

    @Test(
        "a mistake inside a setting is told with its place",
        arguments: [
            (
                "{thinking_config: {thinking_budgte: 1}}",
                "28: unknown key \"thinking_budgte\" (did you mean thinking_budget)"
            ),
            ("{tools: [{google_serach: {}}]}", "19: unknown key \"google_serach\" (did you mean google_search)"),
            ("{tools: {google_search: {}}}", "17: \"tools\" must be a list, not a mapping"),
            ("{tools: [google_search]}", "18: an entry of \"tools\" must be a mapping, not \"google_search\""),
            (
                "{tools: [{function_declarations: [{nmae: f}]}]}",
                "44: unknown key \"nmae\" (did you mean name)"
            ),
            (
                "{tools: [{function_declarations: [{name: f, parameters: {type: objct}}]}]}",
                "72: \"type\" must be one of STRING, NUMBER, INTEGER, BOOLEAN, ARRAY, OBJECT, NULL, not \"objct\" "
                    + "(did you mean OBJECT)"
            ),
            (
                "{tool_config: {function_calling_config: {mode: maybe}}}",
                "56: \"mode\" must be one of AUTO, ANY, NONE, VALIDATED, not \"maybe\""
            ),
            (
                "{tool_config: {retrieval_config: {lat_lng: {latitude: 91}}}}",
                "63: \"latitude\" must be a number from -90 to 90, not \"91\""
            ),
            (
                "{response_schema: {properties: {a: {itmes: {}}}}, response_mime_type: application/json}",
                "45: unknown key \"itmes\" (did you mean items)"
            ),
            (
                "{response_schema: {minimum: x}, response_mime_type: application/json}",
                "37: \"minimum\" must be a number, not \"x\""
            ),
            (
                "{response_schema: {additional_properties: false}, response_mime_type: application/json}",
                "28: \"additional_properties\" works only with backend: vertex; remove it"
            ),
            (
                "{image_config: {output_mime_type: image/png}}",
                "25: \"output_mime_type\" works only with backend: vertex; remove it"
            ),
            (
                "{tools: [{google_search: {exclude_domains: [a]}}]}",
                "35: \"exclude_domains\" works only with backend: vertex; remove it"
            ),
            ("{tools: [{retrieval: {}}]}", "19: \"retrieval\" works only with backend: vertex; remove it"),
            ("{routing_config: {}}", "10: \"routing_config\" works only with backend: vertex; remove it"),
            (
                "{cached_content: c, tools: [{url_context: {}}]}",
                "9: \"cached_content\" excludes \"tools\"; put it into the cache when that is made"
            ),
            (
                "{safety_settings: [{category: harm_category_jailbreak, threshold: off}]}",
                "39: \"HARM_CATEGORY_JAILBREAK\" works only with backend: vertex; remove it"
            ),
            ("{speech_config: [Kore]}", "25: \"speech_config\" must be a mapping, not a list"),
            ("{speech_config: {voice: Kore}}", "26: unknown key \"voice\""),
        ]
    )
    func mistakes(yaml: String, message: String) throws {
        #expect(try messages("config: \(yaml)\nmodel: m\nprompts: [p]\n") == ["1:\(message)"])
    }

    @Test(
        "a cache excludes a system instruction, wherever the two stand",
        arguments: [
            ("system_instruction: s\nconfig: {cached_content: c}\nmodel: m\nprompts: [p]\n", "2:9"),
            ("config: {cached_content: c}\nmodel: m\nprompts: [{prompt: p, system_instruction: s}]\n", "3:43"),
            ("system_instruction: s\nmodel: m\nprompts: [{prompt: p, config: {cached_content: c}}]\n", "3:31"),
        ]
    )
    func cache(yaml: String, place: String) throws {
        let message = "\"cached_content\" excludes \"system_instruction\"; put it into the cache when that is made"
        #expect(try messages(yaml) == ["\(place): \(message)"])
    }

    @Test("a kind of harm of Vertex AI's is taken there")
    func vertexCategory() throws {
        let config = "{safety_settings: [{category: HARM_CATEGORY_IMAGE_HATE, threshold: OFF}]}"
        let items = try Workspace().items("backend: vertex\nmodel: m\nprompts: [p]\nconfig: \(config)\n")
        #expect(items[0].request.config["safety_settings"]?.array?.count == 1)
    }

    @Test("settings are held against the backend that the job names")
    func backend() throws {
        let config =
            "{routing_config: {}, tools: [{retrieval: {}}], store: true, model_armor_config: {}, safety_settings: []}"
        let messages = try messages("backend: vertex\nmodel: m\nprompts: [p]\nconfig: \(config)\n")
        #expect(
            messages == [
                "4:9: \"model_armor_config\" and \"safety_settings\" exclude each other; keep one",
                "4:56: \"store\" works only with backend: gemini; remove it",
            ]
        )
    }

    @Test("an axis of the matrix is refused like a setting")
    func axis() throws {
        let messages = try messages("model: m\nprompts: [p]\nmatrix: {config.audio_timestamp: [true]}\n")
        #expect(messages == ["3:10: \"audio_timestamp\" works only with backend: vertex; remove it"])
    }

    private func messages(_ yaml: String) throws -> [String] {
        try #require(try Workspace().error(yaml)).problems.map { problem in
            "\(problem.line ?? 0):\(problem.column ?? 0): \(problem.message)"
                + (problem.suggestion.map { " (did you mean \($0))" } ?? "")
        }
    }
}
