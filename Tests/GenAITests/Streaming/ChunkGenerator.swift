import TestSupport

/// Random streams of chunks: what servers and proxies write, and what they should not.
struct ChunkGenerator {
    var json: JSONTextGenerator

    init(seed: UInt64) {
        json = JSONTextGenerator(seed: seed)
    }

    /// One event: a response, now and then an array of them.
    mutating func document() -> String {
        json.chance(1, of: 12) ? "[\(response()),\n\(response())]" : response()
    }

    private mutating func response() -> String {
        object([
            ("candidates", 9, { $0.candidates() }),
            ("usageMetadata", 4, { $0.usage() }),
            (
                "modelVersion", 5,
                { $0.json.element(of: [#""gemini-3.8-flash""#, #""gemini-4-neon""#, #""m\u002d1""#, "null", "7"]) }
            ),
            ("responseId", 5, { $0.json.element(of: [#""q1""#, #""q\"2""#, "null"]) }),
            ("promptFeedback", 1, { $0.promptFeedback() }),
            ("error", 1, { $0.json.element(of: ["null", #"{"code":503,"status":"UNAVAILABLE"}"#, #""boom""#]) }),
            ("createTime", 1, { $0.json.value(depth: 2) }),
        ])
    }

    private mutating func candidates() -> String {
        if json.chance(1, of: 30) { return json.value(depth: 2) }
        return "[" + (0..<json.count(upTo: 3)).map { _ in candidate() }.joined(separator: " , ") + "]"
    }

    private mutating func candidate() -> String {
        if json.chance(1, of: 30) { return json.value(depth: 1) }
        return object([
            ("content", 9, { $0.content() }),
            (
                "finishReason", 3,
                { $0.json.element(of: [#""STOP""#, #""MAX_TOKENS""#, #""CONTINUATION""#, #""""#, "null", "3"]) }
            ),
            (
                "index", 6,
                { $0.json.element(of: ["0", "0", "0", "1", "\"0\"", "2.0", "-1", "null", "99999999999999999999"]) }
            ),
            ("safetyRatings", 2, { $0.json.value(depth: 3) }),
            ("groundingMetadata", 1, { $0.json.value(depth: 3) }),
            ("tokenCount", 1, { $0.json.number() }),
            ("continuationToken", 1, { $0.json.element(of: [#""AAEC/+8=""#, #""""#, "null"]) }),
        ])
    }

    private mutating func content() -> String {
        if json.chance(1, of: 20) { return json.value(depth: 1) }
        return object([
            ("parts", 9, { $0.parts() }),
            ("role", 5, { _ in #""model""# }),
        ])
    }

    private mutating func parts() -> String {
        if json.chance(1, of: 20) { return json.value(depth: 1) }
        return "[" + (0..<json.count(upTo: 3)).map { _ in part() }.joined(separator: ",") + "]"
    }

    private mutating func part() -> String {
        if json.chance(1, of: 30) { return json.value(depth: 1) }
        return object([
            ("text", 9, { $0.json.chance(1, of: 12) ? $0.json.value(depth: 1) : $0.json.string() }),
            ("thought", 3, { $0.json.element(of: ["true", "true", "false", "null", "1"]) }),
            ("thoughtSignature", 1, { _ in #""EpYBCpMBAb4+9vs=""# }),
            ("functionCall", 1, { $0.json.value(depth: 3) }),
            ("inlineData", 1, { _ in #"{"mimeType":"image/png","data":"iVBORw0KGgo="}"# }),
        ])
    }

    private mutating func usage() -> String {
        object([
            ("promptTokenCount", 8, { $0.tokenCount() }),
            ("candidatesTokenCount", 6, { $0.tokenCount() }),
            ("thoughtsTokenCount", 4, { $0.tokenCount() }),
            ("cachedContentTokenCount", 2, { $0.tokenCount() }),
            ("toolUsePromptTokenCount", 2, { $0.tokenCount() }),
            ("totalTokenCount", 8, { $0.tokenCount() }),
            ("trafficType", 2, { _ in #""ON_DEMAND""# }),
            ("promptTokensDetails", 2, { $0.json.value(depth: 3) }),
        ])
    }

    private mutating func tokenCount() -> String {
        json.element(of: [
            "0", "1", "58", "66336", "1048576", "\"17\"", "12.0", "1e3", "-1", "null", "1.5", "2147483648",
            "9223372036854775807", "\"x\"", "{}",
        ])
    }

    private mutating func promptFeedback() -> String {
        json.element(of: [
            #"{"blockReason":"SAFETY"}"#, #"{"blockReason":null}"#, #"{"safetyRatings":[]}"#, "{}", "null",
            #"{"blockReason":""}"#,
        ])
    }

    private typealias Member = (name: String, tenths: Int, value: (inout ChunkGenerator) -> String)

    /// An object of some of the members, each as often as its tenths say, in any order.
    private mutating func object(_ members: [Member]) -> String {
        var written: [String] = []
        for member in members where json.chance(member.tenths, of: 10) {
            let blank = json.element(of: ["", "", " "])
            // A name may be spelled with escapes.
            let name =
                json.chance(1, of: 40)
                ? "\\u00\(String(member.name.utf8.first ?? 0, radix: 16))\(member.name.dropFirst())" : member.name
            written.insert("\"\(name)\":\(blank)\(member.value(&self))", at: json.count(upTo: written.count))
        }
        return "{" + written.joined(separator: ",") + "}"
    }
}
