internal import Curl
internal import JSON

extension Client {
    /// Calls a method of the API that gives one JSON object.
    ///
    /// - Parameters:
    ///   - method: The method of HTTP.
    ///   - path: Below the API version, with its query.
    ///   - body: JSON to send, if any.
    /// - Returns: The object; empty if the answer had no body.
    /// - Throws: ``GenAIError``, or `CancellationError`.
    func call(_ method: String, _ path: String, body: [UInt8]? = nil) async throws -> JSONObject {
        let request = try await callRequest(method, path, body: body)
        do {
            return try await send(request).json
        } catch let error as GenAIError where backend.renewsAuthorization(after: error, of: request) {
            return try await send(try await callRequest(method, path, body: body)).json
        }
    }

    /// The request of a call: what every request of this client has, with its own method and body.
    func callRequest(_ method: String, _ path: String, body: [UInt8]? = nil) async throws -> HTTPRequest {
        let authorization = try await backend.authorization()
        let url = backend.url(path, authorization, method: method)
        var request = request(url: url, body: [], timeouts: options.timeouts, authorization)
        request.method = method
        request.body = body
        return request
    }

    /// Refuses what Vertex AI does not have, before anything is sent.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)``.
    func requireGeminiAPI(for feature: String) throws(GenAIError) {
        guard backend.kind == .geminiAPI else {
            throw .invalidCall("\(feature) exist on the Gemini API only, and this client calls Vertex AI")
        }
    }

    /// Sends a request and takes its answer in whole.
    ///
    /// - Returns: The answer, whose status is 200.
    /// - Throws: ``GenAIError``, or `CancellationError`; the connection is closed then.
    func send(_ request: HTTPRequest) async throws -> Reply {
        do {
            return try await ReplyReceiver(options).receive(request, on: loop)
        } catch let error as GenAIError {
            throw withoutKey(error)
        }
    }
}

/// The address of a page of a list, or of anything else with a query.
struct QueryPath {
    private(set) var text: String

    init(_ path: String) {
        text = path
    }

    /// Adds a parameter; its value may be any text.
    mutating func append(_ name: String, _ value: String) {
        text += (text.contains("?") ? "&" : "?") + name + "=" + Self.encoded(value)
    }

    /// Percent-encodes everything but the unreserved characters of RFC 3986.
    private static func encoded(_ value: String) -> String {
        value.utf8.reduce(into: "") { text, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += (byte < 0x10 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
