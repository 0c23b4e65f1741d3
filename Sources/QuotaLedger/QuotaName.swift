/// Whose quota it is, and for what: Google counts per project, model and tier.
package struct QuotaName: Sendable, Hashable {
    /// A hash of the key or sign-in and the server, which stands for the project; never a key.
    package let account: String
    package let model: String
    /// The service tier, for example `standard`.
    package let tier: String

    package init(account: String, model: String, tier: String) {
        self.account = account
        self.model = model
        self.tier = tier
    }

    /// By the model alone: it is asked for with every request, and the rest is the same for most.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(model)
    }
}
