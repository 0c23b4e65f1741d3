internal import JSON

/// How urgently a request is served, and at which price; words that are newer than we are are kept.
package struct ServiceTier: RawRepresentable, Sendable, Hashable {
    package static let standard = ServiceTier(rawValue: "standard")
    /// Half price, when there is capacity: answers may take a quarter of an hour, or be refused.
    package static let flex = ServiceTier(rawValue: "flex")
    /// Dearer and first in line.
    package static let priority = ServiceTier(rawValue: "priority")
    /// The asynchronous Batch API.
    package static let batch = ServiceTier(rawValue: "batch")
    /// Capacity that was paid for in advance; its requests have no price of their own.
    package static let provisioned = ServiceTier(rawValue: "provisioned")

    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }
}

extension ItemRequest {
    /// The tier that is asked for.
    package var serviceTier: ServiceTier {
        config["service_tier"]?.string.map { ServiceTier(rawValue: $0.lowercased()) } ?? .standard
    }
}
