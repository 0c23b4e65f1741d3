import Testing

@testable import GenAI

@Suite("Addresses of calls")
struct CallAddressesTests {
    private let client: Client

    init() throws {
        client = try Client(apiKey: testKey, options: HTTPOptions(baseURL: "https://example.com"))
    }

    private func url(_ model: String, stream: Bool = true, below projectPath: String = "") throws -> String {
        let call = GenerateCall(model: model, contents: [Content("p")], config: GenerateContentConfig(), stream: stream)
        let authorization = try Authorization(key: testKey, projectPath: projectPath, client.options)
        return try client.addresses.url(of: call, on: client.backend, authorization)
    }

    @Test("every call goes where it would go if it were the first, whatever the one before was")
    func eachAsTheFirst() throws {
        let base = "https://example.com/v1beta"
        let stream = "streamGenerateContent?alt=sse"
        for _ in 1...2 {
            #expect(try url("a") == "\(base)/models/a:\(stream)")
            #expect(try url("a") == "\(base)/models/a:\(stream)")
            #expect(try url("a", stream: false) == "\(base)/models/a:generateContent")
            #expect(try url("b", stream: false) == "\(base)/models/b:generateContent")
            #expect(
                try url("b", stream: false, below: "projects/p/locations/l/")
                    == "\(base)/projects/p/locations/l/models/b:generateContent"
            )
            #expect(
                try url("b", stream: false, below: "projects/q/locations/l/")
                    == "\(base)/projects/q/locations/l/models/b:generateContent"
            )
            #expect(
                try url("projects/p/locations/l/models/m", below: "projects/q/locations/l/")
                    == "\(base)/projects/p/locations/l/models/m:\(stream)"
            )
        }
    }

    // U+212A, the sign for kelvin, is equal to the letter K and spelt with other bytes.
    @Test("a name is refused also after one that is right", arguments: ["a/../b", "", "\u{212A}"])
    func badName(model: String) throws {
        #expect(try url("K").hasSuffix("/models/K:streamGenerateContent?alt=sse"))
        let error = #expect(throws: GenAIError.self) { try url(model) }
        #expect(error?.label == "invalidCall")
    }

    @Test("a call without contents is refused also after one that has some")
    func withoutContents() throws {
        _ = try url("m")
        let call = GenerateCall(model: "m", contents: [], config: GenerateContentConfig(), stream: true)
        let authorization = try Authorization(key: testKey, projectPath: "", client.options)
        let error = #expect(throws: GenAIError.self) {
            try client.addresses.url(of: call, on: client.backend, authorization)
        }
        #expect(error?.label == "invalidCall")
    }
}
