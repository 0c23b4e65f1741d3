internal import BatchCore
internal import GenAI

extension AnswerAccumulator {
    /// The tier that served the answer: from a header of the Gemini API, or the kind of traffic of Vertex AI.
    var servedTier: BatchCore.ServiceTier? {
        if let serviceTier { return BatchCore.ServiceTier(rawValue: serviceTier) }
        return switch trafficType {
        case nil, "TRAFFIC_TYPE_UNSPECIFIED": nil
        case "ON_DEMAND": .standard
        case "ON_DEMAND_FLEX": .flex
        case "ON_DEMAND_PRIORITY": .priority
        case "PROVISIONED_THROUGHPUT": .provisioned
        case let other?: BatchCore.ServiceTier(rawValue: other.lowercased())
        }
    }
}

extension GenerationError {
    /// Takes a refusal that names no quota as what it is in the flex tier.
    ///
    /// There is no spare capacity just now. That says nothing about the model's quota, so nothing else waits for it.
    mutating func allowForShedding() {
        let isRefusal = failureClass == .overloaded || (failureClass == .rateUnknown && quotas.isEmpty)
        guard isRefusal, !isPossiblyBilled else { return }
        failureClass = .overloaded
        isShed = true
        message += "; the flex tier has no capacity to spare just now"
    }
}
