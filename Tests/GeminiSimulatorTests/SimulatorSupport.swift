import Dispatch
import GeminiSimulator
import JSON
import Testing

/// What a test asks of a running simulator; its calls block, so it lives on a thread of its own.
struct Client {
    static let model = "gemini-2.5-flash"

    let port: Int

    func request(
        _ method: String,
        _ path: String,
        body: String = "",
        headers: [String] = ["x-goog-api-key: test"]
    ) throws -> RawResponse {
        let connection = try RawConnection(port: port)
        try connection.send(Self.text(method, path, body: body, headers: headers))
        return try connection.readResponse()
    }

    static func text(
        _ method: String,
        _ path: String,
        body: String = "",
        headers: [String] = ["x-goog-api-key: test"]
    ) -> String {
        let lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1", "Content-Length: \(body.utf8.count)"] + headers
        return lines.map { $0 + "\r\n" }.joined() + "\r\n" + body
    }

    /// The text of a request for one streamed answer.
    static func streamText(_ prompt: String, config: JSONValue? = nil, model: String = model) -> String {
        text("POST", "/v1beta/models/\(model):streamGenerateContent?alt=sse", body: body(prompt, config: config))
    }

    static func body(_ prompt: String, config: JSONValue? = nil) -> String {
        var members: JSONObject = ["contents": [["role": "user", "parts": [["text": .string(prompt)]]]]]
        members["generationConfig"] = config
        return JSONValue.object(members).text
    }

    func stream(_ prompt: String, config: JSONValue? = nil, model: String = model) throws -> RawResponse {
        let connection = try RawConnection(port: port)
        try connection.send(Self.streamText(prompt, config: config, model: model))
        return try connection.readResponse()
    }

    func generate(_ body: String, model: String = model) throws -> RawResponse {
        try request("POST", "/v1beta/models/\(model):generateContent", body: body)
    }

    func requests(match: String = "") throws -> JSONValue {
        try request("GET", "/simulator/requests?match=\(match)").json()
    }

    func stats() throws -> JSONValue {
        try request("GET", "/simulator/stats").json()
    }

    func setScript(_ text: String) throws {
        let response = try request("PUT", "/simulator/script", body: text)
        try #require(response.status == 200, "\(response.text)")
    }

    /// Sends one prompt under one fault.
    func stream(_ prompt: String, under fault: String) throws -> RawResponse {
        try setScript(#"{"rules":[{"fault":\#(fault)}]}"#)
        return try stream(prompt)
    }
}

/// Runs blocking test code against a simulator of its own.
@discardableResult
func withSimulator<Value: Sendable>(
    _ configuration: SimulatorConfiguration = SimulatorConfiguration(),
    _ body: @escaping @Sendable (Client) throws -> Value
) async throws -> Value {
    let simulator = try await Simulator.start(configuration)
    let client = Client(port: simulator.port)
    let result = await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
            continuation.resume(returning: Result { try body(client) })
        }
    }
    try await simulator.shutdown()
    return try result.get()
}

/// Asks until something holds that another thread brings about.
func waitUntil(_ condition: () throws -> Bool) throws {
    while try !condition() {
        // The next question is a request over a socket, which gives the other thread its turn.
    }
}
