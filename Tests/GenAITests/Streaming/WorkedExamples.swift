import TestSupport
import Testing

/// A stream that the protocol shows (its section 19), and what it says a reader must make of it.
struct WorkedExample: Sendable, CustomTestStringConvertible {
    let name: String
    let documents: [String]
    let text: String
    var parts: String
    let finishReason: String?
    var blockReason: String?
    /// Prompt, output, thought and total tokens.
    let usage: [Int?]
    let modelVersion: String?
    let responseID: String
    /// What is kept besides.
    var metadata: String?
    /// In one word; `nil` if the answer is whole.
    var failure: String?

    var testDescription: String { name }

    /// As Google frames it.
    var body: [UInt8] {
        Array(documents.map { "data: \($0)\r\n\r\n" }.joined().utf8)
    }

    static let all = [
        WorkedExample(
            name: "19.1 text, streamed",
            documents: [
                #"{"candidates":[{"content":{"parts":[{"text":"Spring, summer"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":11,"totalTokenCount":69,"promptTokensDetails":[{"modality":"TEXT","tokenCount":11}],"thoughtsTokenCount":58},"modelVersion":"gemini-3.8-flash","responseId":"q1"}"#,
                #"{"candidates":[{"content":{"parts":[{"text":", autumn, winter."}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":6,"totalTokenCount":75,"promptTokensDetails":[{"modality":"TEXT","tokenCount":11}],"thoughtsTokenCount":58},"modelVersion":"gemini-3.8-flash","responseId":"q1"}"#,
                #"{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"EpYBCpMBAb4+9vs="}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":8,"totalTokenCount":77,"promptTokensDetails":[{"modality":"TEXT","tokenCount":11}],"thoughtsTokenCount":58},"modelVersion":"gemini-3.8-flash","responseId":"q1"}"#,
            ],
            text: "Spring, summer, autumn, winter.",
            parts: #"[{"text":"Spring, summer, autumn, winter."},{"text":"","thoughtSignature":"EpYBCpMBAb4+9vs="}]"#,
            finishReason: "STOP",
            usage: [11, 8, 58, 77],
            modelVersion: "gemini-3.8-flash",
            responseID: "q1",
            metadata: #"{"usageMetadata":{"promptTokensDetails":[{"modality":"TEXT","tokenCount":11}]}}"#
        ),
        WorkedExample(
            name: "19.4 Vertex, with blanks and a usage object without counts",
            documents: [
                #"{"candidates": [{"content": {"role": "model","parts": [{"text": "Invoice 4711"}]}}],"usageMetadata": {"trafficType": "ON_DEMAND"},"modelVersion": "gemini-3.5-flash-lite","createTime": "2026-11-20T09:30:00.123456Z","responseId": "v4"}"#,
                #"{"candidates": [{"content": {"role": "model","parts": [{"text": ", total 90.00"}]},"finishReason": "STOP"}],"usageMetadata": {"promptTokenCount": 1123,"candidatesTokenCount": 9,"totalTokenCount": 1150,"trafficType": "ON_DEMAND","thoughtsTokenCount": 18},"modelVersion": "gemini-3.5-flash-lite","createTime": "2026-11-20T09:30:00.123456Z","responseId": "v4"}"#,
            ],
            text: "Invoice 4711, total 90.00",
            parts: #"[{"text":"Invoice 4711, total 90.00"}]"#,
            finishReason: "STOP",
            usage: [1123, 9, 18, 1150],
            modelVersion: "gemini-3.5-flash-lite",
            responseID: "v4",
            metadata: #"{"usageMetadata":{"trafficType":"ON_DEMAND"}}"#
        ),
        WorkedExample(
            name: "19.5 thinking shown",
            documents: [
                #"{"candidates":[{"content":{"parts":[{"text":"**Comparing areas**\n\nThe circle is larger…","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":20,"totalTokenCount":310,"thoughtsTokenCount":290},"modelVersion":"gemini-4-neon","responseId":"q5"}"#,
                #"{"candidates":[{"content":{"parts":[{"text":"The circle."}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":20,"candidatesTokenCount":3,"totalTokenCount":313,"thoughtsTokenCount":290},"modelVersion":"gemini-4-neon","responseId":"q5"}"#,
            ],
            text: "The circle.",
            parts: #"[{"text":"**Comparing areas**\n\nThe circle is larger…","thought":true},{"text":"The circle."}]"#,
            finishReason: "STOP",
            usage: [20, 3, 290, 313],
            modelVersion: "gemini-4-neon",
            responseID: "q5"
        ),
        WorkedExample(
            name: "19.6 the whole budget went into thinking",
            documents: [
                #"{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS","index":0}],"usageMetadata":{"promptTokenCount":14,"totalTokenCount":61,"thoughtsTokenCount":47},"modelVersion":"gemini-3.1-pro-preview","responseId":"q6"}"#
            ],
            text: "",
            parts: "[]",
            finishReason: "MAX_TOKENS",
            usage: [14, nil, 47, 61],
            modelVersion: "gemini-3.1-pro-preview",
            responseID: "q6"
        ),
        WorkedExample(
            name: "19.7 prompt refused",
            documents: [
                #"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":30,"totalTokenCount":30},"modelVersion":"gemini-3.8-flash","responseId":"q7"}"#
            ],
            text: "",
            parts: "[]",
            finishReason: nil,
            blockReason: "PROHIBITED_CONTENT",
            usage: [30, nil, nil, 30],
            modelVersion: "gemini-3.8-flash",
            responseID: "q7"
        ),
        WorkedExample(
            name: "19.8 error in the middle of a stream",
            documents: [
                #"{"candidates":[{"content":{"parts":[{"text":"Chapter one. It was"}],"role":"model"},"index":0}],"modelVersion":"gemini-3.8-flash","responseId":"q8"}"#,
                #"{"error":{"code":503,"message":"The service is currently unavailable.","status":"UNAVAILABLE"}}"#,
            ],
            text: "Chapter one. It was",
            parts: #"[{"text":"Chapter one. It was"}]"#,
            finishReason: nil,
            usage: [nil, nil, nil, nil],
            modelVersion: "gemini-3.8-flash",
            responseID: "q8",
            failure: "api 503"
        ),
        WorkedExample(
            name: "19.11 function call",
            documents: [
                #"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"fc-1","name":"tide_table","args":{"port":"Brest","date":"2026-11-23"}},"thoughtSignature":"CrQBAXLI2nw="}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":95,"candidatesTokenCount":22,"totalTokenCount":180,"thoughtsTokenCount":63},"modelVersion":"gemini-3.8-flash","responseId":"q11"}"#
            ],
            text: "",
            parts:
                #"[{"functionCall":{"id":"fc-1","name":"tide_table","args":{"port":"Brest","date":"2026-11-23"}},"thoughtSignature":"CrQBAXLI2nw="}]"#,
            finishReason: "STOP",
            usage: [95, 22, 63, 180],
            modelVersion: "gemini-3.8-flash",
            responseID: "q11"
        ),
    ]
}
