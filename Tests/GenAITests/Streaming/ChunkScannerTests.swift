import JSON
import TestSupport
import Testing

@testable import GenAI

/// An answer folded from whole trees: slow, plain, and written apart from the scanner.
private struct FoldedAnswer {
    var text = ""
    var thoughts = ""
    var finishReason: String?
    var blockReason: String?
    var hasError = false
    var continuationToken: String?
    var usage: [String: Int] = [:]
    var modelVersion: String?
    var responseID: String?
    var parts: [JSONObject] = []
    var metadata: JSONObject = [:]
    var usageMetadata: JSONObject = [:]

    private static let counts: Set<String> = [
        "promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount",
        "toolUsePromptTokenCount", "totalTokenCount",
    ]

    /// What is neither text nor count.
    var allMetadata: JSONObject {
        var all = metadata
        all["usageMetadata"] = usageMetadata.isEmpty ? nil : .object(usageMetadata)
        return all
    }

    mutating func fold(_ response: GenerateContentResponse) {
        modelVersion = response.modelVersion ?? modelVersion
        responseID = response.responseID ?? responseID
        if let reason = response.promptFeedback?.blockReason?.rawValue, !reason.isEmpty { blockReason = reason }
        if let error = response.json["error"], error != .null { hasError = true }
        if let usage = response.usageMetadata {
            self.usage["prompt"] = usage.promptTokenCount ?? self.usage["prompt"]
            self.usage["output"] = usage.candidatesTokenCount ?? self.usage["output"]
            self.usage["thoughts"] = usage.thoughtsTokenCount ?? self.usage["thoughts"]
            self.usage["cached"] = usage.cachedContentTokenCount ?? self.usage["cached"]
            self.usage["tools"] = usage.toolUsePromptTokenCount ?? self.usage["tools"]
            self.usage["total"] = usage.totalTokenCount ?? self.usage["total"]
            for member in usage.json where !Self.counts.contains(member.name) && member.value != .null {
                usageMetadata[member.name] = member.value
            }
        }
        guard let candidate = response.firstCandidate else { return }
        if let reason = candidate.finishReason?.rawValue, !reason.isEmpty { finishReason = reason }
        if let token = candidate.json["continuationToken"]?.string, !token.isEmpty { continuationToken = token }
        let known = ["content", "finishReason", "index", "continuationToken", "tokenCount"]
        for member in candidate.json where !known.contains(member.name) && member.value != .null {
            metadata[member.name] = member.value
        }
        for part in candidate.content?.parts ?? [] {
            fold(part)
        }
    }

    private mutating func fold(_ part: Part) {
        if part.isThought {
            thoughts += part.text ?? ""
        } else {
            text += part.text ?? ""
        }
        let more = part.json.contains { member in
            member.value != .null && member.name != "thought" && !(member.name == "text" && member.value.string != nil)
        }
        guard !more else {
            parts.append(part.json)
            return
        }
        guard let text = part.text, !text.isEmpty else { return }
        let plain = part.isThought ? ["text", "thought"] : ["text"]
        if let last = parts.last, last.keys == plain, let before = last["text"]?.string, Self.isPlain(last) {
            parts[parts.count - 1]["text"] = .string(before + text)
        } else {
            parts.append(part.isThought ? ["text": .string(text), "thought": true] : ["text": .string(text)])
        }
    }

    /// Whether a kept part was made here, and is not one of the server's that only looks like it.
    private static func isPlain(_ part: JSONObject) -> Bool {
        part["text"]?.string != nil && (part["thought"] == nil || part["thought"] == true)
    }
}

@Suite("Scanning chunks without a tree")
struct ChunkScannerTests {
    @Test("a scanned stream is the same answer as one folded from whole trees", arguments: [11, 12, 13])
    func generatedStreams(seed: UInt64) throws {
        var generator = ChunkGenerator(seed: seed)
        for _ in 0..<250 {
            let documents = (0..<4).map { _ in Array(generator.document().utf8) }
            try compare(documents)
        }
    }

    @Test("mutated chunks are accepted and refused like whole trees, and mean the same", arguments: [21, 22, 23])
    func mutatedStreams(seed: UInt64) throws {
        var generator = ChunkGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<700 {
            let document = generator.document()
            accepted += try compare([generator.json.mutated(document)]) ? 1 : 0
        }
        #expect((50...650).contains(accepted))
    }

    @Test("chunks like the one before them mean the same as if they were the first", arguments: [31, 32, 33])
    func similarChunks(seed: UInt64) throws {
        var generator = JSONTextGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<300 {
            let skeleton = generator.element(of: Self.skeletons)
            let isSpoiled = generator.chance(1, of: 3)
            let documents = (0..<5).map { index in
                let document = Self.fill(skeleton, from: &generator)
                return isSpoiled && index == 3 ? generator.mutated(document) : Array(document.utf8)
            }
            accepted += try compare(documents) ? 1 : 0
        }
        #expect((150...290).contains(accepted))
    }

    /// Chunks with `@` for a string and `#` for a number.
    private static let skeletons = [
        ##"{"candidates":[{"content":{"parts":[{"text":@}],"role":"model"},"index":0}],"##
            + ##""usageMetadata":{"promptTokenCount":#,"candidatesTokenCount":#,"totalTokenCount":#},"modelVersion":"m"}"##,
        ##"{"candidates": [ {"content": {"parts": [ {"text": @, "thought": true} ] } } ], "##
            + ##""usageMetadata": {"thoughtsTokenCount": # , "cachedContentTokenCount": #, "cacheTokensDetails": [#]}}"##,
        ##"{"candidates":[{"content":{"parts":[{"text":@}]}}],"usageMetadata":{"promptTokenCount":11,"cachedContentTokenCount":7,"##
            + ##""candidatesTokenCount":#,"toolUsePromptTokenCount":2,"totalTokenCount":#}}"##,
        ##"{"candidates":[{"content":{"parts":[{"text":@},{"text":@}]}}],"responseId":@}"##,
        ##"{"candidates":[{"content":{"parts":[{"text":@,"thoughtSignature":"c2ln"}]}}]}"##,
        ##"{"candidates":[{"content":{"parts":[{"text":@},{"thought":true}]}}]}"##,
        ##"{"candidates":[{"content":{"parts":[{"text":@}]}},{"content":{"parts":[{"thought":true}]},"index":1}]}"##,
        ##"{"candidates":[{"index":1,"content":{"parts":[{"text":@}]}},{"content":{"parts":[{"text":@}]}}]}"##,
        ##"{"usageMetadata":{"toolUsePromptTokenCount":#},"candidates":[{"finishReason":"STOP","safetyRatings":[#]}]}"##,
        ##"[{"candidates":[{"content":{"parts":[{"text":@}]}}]},{"usageMetadata":{"totalTokenCount":#}}]"##,
        ##"{"candidates":[{"content":{"parts":[{"functionCall":{"name":@}}]}}]}"##,
    ]

    private static func fill(_ skeleton: String, from generator: inout JSONTextGenerator) -> String {
        skeleton.reduce(into: "") { filled, character in
            switch character {
            case "@": filled += generator.chance(1, of: 20) ? "null" : generator.string()
            case "#":
                let odd = ["-1", "1e2", "\"7\"", "null", "2147483648", "0", "1.0", "123456789", "1234567890"]
                filled += generator.chance(1, of: 8) ? generator.element(of: odd) : String(generator.count(upTo: 5000))
            default: filled.append(character)
            }
        }
    }

    @Test("the numbers of a hostile server do not overflow")
    func absurdNumbers() throws {
        var answer = AnswerAccumulator()
        var scanner = ChunkScanner()
        let document = """
            {"candidates":[{"index":9223372036854775807},{"index":-9223372036854775808},{"index":5},{"index":1e300}],
            "usageMetadata":{"promptTokenCount":9223372036854775807,"candidatesTokenCount":2147483647,
            "thoughtsTokenCount":2147483647,"totalTokenCount":-1}}
            """
        try scanner.scan(Array(document.utf8).span, into: &answer)
        answer.beginHop()
        try scanner.scan(Array(document.utf8).span, into: &answer)
        #expect(answer.candidateCount == 6)
        #expect(answer.totalUsage.promptTokens == nil)
        #expect(answer.totalUsage.outputTokens == 4_294_967_294)
        #expect(answer.totalUsage.totalTokens == nil)
    }

    @Test("parts spread over several lines are kept on one")
    func oneLine() throws {
        var answer = AnswerAccumulator()
        var scanner = ChunkScanner()
        let document =
            "{\"candidates\":[{\"safetyRatings\":[\n1\r\n],\"content\":{\"parts\":[{\n\"functionCall\":\n{}}]}}]}"
        try scanner.scan(Array(document.utf8).span, into: &answer)
        #expect(answer.partsJSON == #"[{"functionCall":{}}]"#)
        #expect(answer.metadataJSON == #"{"safetyRatings":[1]}"#)
    }

    @Test("what else the usage tells is kept, the last of each name")
    func usageMembers() throws {
        var answer = AnswerAccumulator()
        var scanner = ChunkScanner()
        for document in [
            #"{"usageMetadata":{"trafficType":"ON_DEMAND","promptTokensDetails":[{"modality":"TEXT","tokenCount":11}]}}"#,
            #"{"usageMetadata":{"promptTokensDetails":[1],"trafficType":null,"candidatesTokensDetails":[]}}"#,
            #"{"usageMetadata":{"promptTokensDetails":[{"modality":"IMAGE","tokenCount":258}],"totalTokenCount":1}}"#,
            #"{"candidates":[{"safetyRatings":[]}]}"#,
        ] {
            try scanner.scan(Array(document.utf8).span, into: &answer)
        }
        #expect(
            answer.metadataJSON
                == #"{"safetyRatings":[],"usageMetadata":{"candidatesTokensDetails":[],"promptTokensDetails":[{"modality":"IMAGE","tokenCount":258}],"trafficType":"ON_DEMAND"}}"#
        )
        #expect(answer.usage.totalTokens == 1)
    }

    /// Reads documents both ways; `false` if both refuse them, or if they have two members of one name.
    @discardableResult
    private func compare(_ documents: [[UInt8]]) throws -> Bool {
        var answer = AnswerAccumulator()
        var scanner = ChunkScanner()
        var folded = FoldedAnswer()
        for bytes in documents {
            let shown = String(decoding: bytes, as: UTF8.self)
            let trees = (try? JSONValue(parsing: bytes)).map { $0.array ?? [$0] }
            let responses = trees?.compactMap(\.object).map(GenerateContentResponse.init(json:))
            guard let trees, let responses, responses.count == trees.count else {
                #expect(throws: JSONError.self, "\(shown)") { try scanner.scan(bytes.span, into: &answer) }
                return false
            }
            if trees.contains(where: \.hasDuplicates) { return false }
            try scanner.scan(bytes.span, into: &answer)
            for response in responses {
                folded.fold(response)
            }
        }
        let shown = documents.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
        try expect(answer, is: folded, shown)
        return true
    }

    private func expect(_ answer: AnswerAccumulator, is folded: FoldedAnswer, _ shown: String) throws {
        #expect(answer.text == folded.text, "\(shown)")
        let isRepaired = folded.text.unicodeScalars.contains("\u{FFFD}")
        #expect(isRepaired || answer.textBytes == folded.text.utf8.count, "\(shown)")
        #expect(answer.finishReason == folded.finishReason, "\(shown)")
        #expect(answer.blockReason == folded.blockReason, "\(shown)")
        #expect((answer.completion.error != nil) == folded.hasError, "\(shown)")
        #expect(answer.completion.continuationToken == folded.continuationToken, "\(shown)")
        #expect(answer.modelVersion == folded.modelVersion, "\(shown)")
        #expect(answer.responseID == folded.responseID, "\(shown)")
        let usage = answer.usage
        #expect(usage.promptTokens == folded.usage["prompt"], "\(shown)")
        #expect(usage.outputTokens == folded.usage["output"], "\(shown)")
        #expect(usage.thoughtTokens == folded.usage["thoughts"], "\(shown)")
        #expect(usage.cachedTokens == folded.usage["cached"], "\(shown)")
        #expect(usage.toolUseTokens == folded.usage["tools"], "\(shown)")
        #expect(usage.totalTokens == folded.usage["total"], "\(shown)")
        let parts = try #require(JSONValue(parsing: answer.partsJSON).array)
        #expect(parts == folded.parts.map(JSONValue.object), "\(shown)")
        let thoughts = parts.compactMap(\.object).map(Part.init(json:)).filter(\.isThought).compactMap(\.text)
        #expect(thoughts.joined() == folded.thoughts, "\(shown)")
        let metadata = try answer.metadataJSON.map { try JSONValue(parsing: $0).canonicalText }
        #expect(
            metadata == (folded.allMetadata.isEmpty ? nil : JSONValue.object(folded.allMetadata).canonicalText),
            "\(shown)"
        )
    }
}

extension JSONValue {
    fileprivate var hasDuplicates: Bool {
        switch self {
        case .array(let elements): elements.contains(where: \.hasDuplicates)
        case .object(let members):
            Set(members.keys).count < members.count || members.contains { $0.value.hasDuplicates }
        default: false
        }
    }
}
