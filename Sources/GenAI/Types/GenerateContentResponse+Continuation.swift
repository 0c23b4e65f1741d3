internal import JSON

extension GenerateContentResponse {
    /// This response with another one that goes on where it broke off (`CONTINUATION`).
    ///
    /// The parts are joined, the token counts added, because each request is billed; everything else is the later
    /// response's.
    func continued(by next: GenerateContentResponse) -> GenerateContentResponse {
        var joined = next.json
        if var candidate = next.firstCandidate?.json {
            var content = candidate["content"]?.object ?? ["role": "model"]
            content["parts"] = .array((parts + next.parts).map { .object($0.json) })
            candidate["content"] = .object(content)
            joined["candidates"] = [.object(candidate)]
        }
        if let earlier = usageMetadata {
            joined["usageMetadata"] = .object(earlier.adding(next.usageMetadata))
        }
        return GenerateContentResponse(json: joined)
    }
}

extension UsageMetadata {
    private static let counters = [
        "promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount",
        "toolUsePromptTokenCount", "totalTokenCount",
    ]

    fileprivate func adding(_ other: UsageMetadata?) -> JSONObject {
        guard let other else { return json }
        var sum = other.json
        for counter in Self.counters {
            let counts = [json[counter], other.json[counter]].compactMap { Self.count($0?.int64) }
            if !counts.isEmpty {
                sum[counter] = .number(JSONNumber(counts.reduce(0, +)))
            }
        }
        return sum
    }
}
