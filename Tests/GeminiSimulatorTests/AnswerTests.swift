import GeminiSimulator
import JSON
import Testing

@Suite("Answers")
struct AnswerTests {
    @Test("a stream is one event per chunk, each one line and an empty line with CR LF")
    func streamBytes() async throws {
        try await withSimulator { client in
            let response = try client.stream("Describe the old harbour")
            #expect(response.status == 200)
            #expect(response.header("content-type") == "text/event-stream")
            #expect(response.chunks.count == 10)
            #expect(response.ending == .complete)
            for chunk in response.chunks {
                let text = String(decoding: chunk, as: UTF8.self)
                #expect(text.hasPrefix("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":"))
                #expect(text.utf8.suffix(5).elementsEqual("}\r\n\r\n".utf8))
                #expect(text.utf8.filter { $0 == 0x0A }.count == 2)
            }
        }
    }

    @Test("the bytes of a short answer are exactly these")
    func exactBytes() async throws {
        try await withSimulator { client in
            try client.setScript(#"{"rules":[{"fault":{"kind":"text","text":"Größe: 30 €"}}]}"#)
            let response = try client.stream("Hi there")
            let expected =
                #"data: {"candidates":[{"content":{"parts":[{"text":"Größe: 30 €"}],"role":"model"},"#
                + #""finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":4,"#
                + #""totalTokenCount":6,"promptTokensDetails":[{"modality":"TEXT","tokenCount":2}]},"#
                + #""modelVersion":"gemini-2.5-flash","responseId":"9a254f4f92adb26f"}"# + "\r\n\r\n"
            #expect(response.text == expected)
        }
    }

    @Test("an answer is a pure function of its request, in every form and every process")
    func purity() async throws {
        let prompt = "Tell me about the lighthouse"
        let otherText = try await withSimulator { try $0.stream(prompt).streamedText() }
        try await withSimulator { client in
            let first = try client.stream(prompt)
            let port = client.port
            let text = try first.streamedText()
            #expect(try client.stream(prompt).body == first.body)
            #expect(try client.stream(prompt + "s").streamedText() != text)
            #expect(try client.stream(prompt, model: "gemini-2.5-pro").streamedText() != text)
            #expect(try client.generate(Client.body(prompt)).json().answerText == text)
            #expect(text.contains("lighthouse"))

            let connection = try RawConnection(port: port)
            let path = "/v1beta/models/\(Client.model):streamGenerateContent"
            try connection.send(Client.text("POST", path, body: Client.body(prompt)))
            let array = try connection.readResponse()
            #expect(array.header("content-type") == "application/json; charset=UTF-8")
            #expect(try array.json().array?.map(\.answerText).joined() == text)
            #expect(array.text.hasPrefix("[{") && array.text.contains("}\r\n,\r\n{"))
        }
        try await withSimulator { client in
            let text = try client.stream(prompt).streamedText()
            #expect(text == otherText)
        }
    }

    @Test("token counts are running totals, and countTokens agrees with them")
    func usage() async throws {
        try await withSimulator { client in
            let events = try client.stream("Tell me about usage").events()
            let outputs = events.compactMap { $0["usageMetadata"]?["candidatesTokenCount"]?.int64 }
            #expect(outputs.count == events.count)
            #expect(outputs == outputs.sorted())
            let last = try #require(events.last?["usageMetadata"])
            #expect(last["totalTokenCount"]?.int64 == (last["promptTokenCount"]?.int64 ?? 0) + (outputs.last ?? 0))
            let path = "/v1beta/models/\(Client.model):countTokens"
            let count = try client.request("POST", path, body: Client.body("Tell me about usage")).json()
            #expect(count["totalTokens"] == last["promptTokenCount"])
            #expect(count["promptTokensDetails"] == last["promptTokensDetails"])
        }
    }

    @Test(
        "a prompt that asks for a length gets it",
        arguments: [("Tell me a story in 300 words.", 300), ("A 7-word title please: 7 words", 7)]
    )
    func words(prompt: String, count: Int) async throws {
        try await withSimulator { client in
            let text = try client.stream(prompt).streamedText()
            #expect(text.split(separator: " ").count == count)
            #expect(text.hasSuffix("."))
        }
    }

    @Test("one sentence is one sentence, and a second turn knows the first")
    func chat() async throws {
        try await withSimulator { client in
            let contents: JSONValue = [
                ["role": "user", "parts": [["text": "tell me about the lantern"]]],
                ["role": "model", "parts": [["text": "There was a lantern."]]],
                ["role": "user", "parts": [["text": "summarize it in one sentence"]]],
            ]
            let body = JSONValue.object(["contents": contents]).text
            let text = try client.generate(body).json().answerText
            #expect(text.contains("1 earlier turn") && text.contains("lantern"))
            #expect(text.filter { $0 == "." }.count == 1)
        }
    }

    @Test("output tokens are limited, and the finish reason says so")
    func maxOutputTokens() async throws {
        try await withSimulator { client in
            let events = try client.stream("Tell me everything", config: ["maxOutputTokens": 9]).events()
            #expect(events.last?.finishReason == "MAX_TOKENS")
            #expect(events.last?["usageMetadata"]?["candidatesTokenCount"] == 9)
        }
    }

    @Test("thinking can eat the whole budget, and then there is no text at all")
    func thoughts() async throws {
        try await withSimulator { client in
            let events = try client.stream("Think", config: ["thinkingConfig": ["includeThoughts": true]]).events()
            let first = try #require(events.first?["candidates"]?[0]?["content"]?["parts"]?[0])
            #expect(first["thought"] == true)
            #expect(events.allSatisfy { ($0["usageMetadata"]?["thoughtsTokenCount"]?.int64 ?? 0) > 0 })

            let config: JSONValue = ["thinkingConfig": ["includeThoughts": true], "maxOutputTokens": 2]
            let last = try #require(try client.stream("Think", config: config).events().last)
            #expect(last.finishReason == "MAX_TOKENS")
            #expect(last["candidates"]?[0]?["content"] == ["role": "model"])
        }
    }

    @Test("a stop sequence ends the answer before itself")
    func stopSequences() async throws {
        try await withSimulator { client in
            let whole = try client.stream("Tell me about stops").streamedText()
            let text = try client.stream("Tell me about stops", config: ["stopSequences": ["the"]]).streamedText()
            #expect(!text.contains("the") && whole.hasPrefix(text) && text.count < whole.count)
        }
    }

    @Test("images are named by address and type, inline ones by size and hash")
    func images() async throws {
        try await withSimulator { client in
            let parts: JSONValue = [
                ["fileData": ["fileUri": "gs://bucket/scones.jpg", "mimeType": "image/jpeg"]],
                ["inline_data": ["mime_type": "image/png", "data": "AAEC_w=="]],
                ["text": "What is this image about?"],
            ]
            let body = JSONValue.object(["contents": [["parts": parts]]]).text
            let answer = try client.generate(body).json()
            #expect(
                answer.answerText.hasPrefix("I see gs://bucket/scones.jpg (image/jpeg). I see an inline image/png of 4")
            )
            #expect(answer.answerText.contains("4 bytes, hash 4475de7f98e17855"))
            let details = answer["usageMetadata"]?["promptTokensDetails"]?.array
            #expect(details?.last == ["modality": "IMAGE", "tokenCount": 516])
            let newer = try client.generate(body, model: "gemini-3.8-flash").json()
            #expect(newer["usageMetadata"]?["promptTokensDetails"]?[1]?["tokenCount"] == 2240)
        }
    }

    @Test("Vertex paths answer in Vertex's manner")
    func vertex() async throws {
        try await withSimulator { client in
            let base = "/v1beta1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash"
            let token = ["authorization: Bearer ya29.test"]
            let path = "\(base):streamGenerateContent?alt=sse"
            let events = try client.request("POST", path, body: Client.body("Hi"), headers: token).events()
            #expect(events.first?["usageMetadata"] == ["trafficType": "ON_DEMAND"])
            #expect(events.last?["usageMetadata"]?["promptTokenCount"] == 1)
            #expect(events.last?.finishReason == "STOP")
            let express = "/v1/publishers/google/models/gemini-2.5-flash:generateContent"
            #expect(try client.request("POST", express, body: Client.body("Hi")).status == 200)
            #expect(try client.request("POST", express, body: Client.body("Hi"), headers: []).status == 401)
            let other = "/v1/projects/p/locations/us/publishers/meta/models/llama-4:generateContent"
            #expect(try client.request("POST", other, body: Client.body("Hi"), headers: token).status == 200)
        }
    }

    @Test("models can be listed and looked up")
    func models() async throws {
        try await withSimulator { client in
            let list = try client.request("GET", "/v1beta/models?pageSize=50").json()
            let first = try #require(list["models"]?[0]?["name"]?.string)
            #expect(try client.request("GET", "/v1beta/\(first)").json() == list["models"]?[0])
            #expect(try client.request("GET", "/v1beta/models/unknown-model").status == 404)
        }
    }
}
