package import BatchCore
package import GenAI

/// Asks the server what prompts count, before anything is generated; counting is free of charge.
package struct PromptCounter {
    private let client: Client

    package init(client: Client) {
        self.client = client
    }

    /// Counts the first request of an item.
    ///
    /// - Parameter item: What would be sent.
    /// - Returns: Its input tokens; `nil` if it has files that would have to be uploaded for it.
    /// - Throws: `GenAIError`, a `GenerationError` if a file cannot be read, or `CancellationError`.
    package func firstRequest(of item: ItemRequest) async throws -> Int? {
        let media = item.turns.prefix(1).flatMap(\.media).compactMap(LocalMedium.init)
        guard try MediaPlan.uploads(of: media).isEmpty else { return nil }
        return try await client.models.countTokens(
            model: item.model,
            contents: item.turns.prefix(1).map { try GenAIGenerator.content(of: $0, [:]) },
            config: GenAIGenerator.config(of: item)
        ).totalTokens
    }
}
