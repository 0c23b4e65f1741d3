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
        var response = GenerateContentResponse(json: joined)
        response.serviceTier = next.serviceTier ?? serviceTier
        return response
    }
}

extension UsageMetadata {
    private static let counters = [
        "promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount",
        "toolUsePromptTokenCount", "totalTokenCount",
    ]
    private static let details = [
        "promptTokensDetails", "candidatesTokensDetails", "cacheTokensDetails", "toolUsePromptTokensDetails",
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
        for name in Self.details {
            let lists = [json, other.json].compactMap { $0[views: name] as [ModalityTokenCount]? }
            if !lists.isEmpty {
                sum[views: name] = Self.summed(lists.flatMap { $0 })
            }
        }
        return sum
    }

    /// One entry for each modality, in the order of their first appearance.
    private static func summed(_ counts: [ModalityTokenCount]) -> [ModalityTokenCount] {
        var sums: [ModalityTokenCount] = []
        for count in counts {
            guard let index = sums.firstIndex(where: { $0.modality == count.modality }) else {
                sums.append(count)
                continue
            }
            var sum = sums[index].json
            sum[integer: "tokenCount"] = (sums[index].tokenCount ?? 0) + (count.tokenCount ?? 0)
            sums[index] = ModalityTokenCount(json: sum)
        }
        return sums
    }
}
