internal import JSON

extension UsageMetadata {
    private static let counters = [
        "promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount",
        "toolUsePromptTokenCount", "totalTokenCount",
    ]
    private static let details = [
        "promptTokensDetails", "candidatesTokensDetails", "cacheTokensDetails", "toolUsePromptTokensDetails",
    ]

    /// These counts with those that a later chunk of the same request tells; what it leaves out stays.
    func merging(_ later: UsageMetadata) -> UsageMetadata {
        var merged = json
        for member in later.json where member.value != .null {
            // A count that is none must not erase what an earlier chunk said.
            if !Self.counters.contains(member.name) || Self.count(member.value.int64) != nil {
                merged[member.name] = member.value
            }
        }
        return UsageMetadata(json: merged)
    }

    /// These counts and those of another request of the same answer: each request is billed.
    func adding(_ other: UsageMetadata?) -> UsageMetadata {
        guard let other else { return self }
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
        return UsageMetadata(json: sum)
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
