import JSON

/// What `models` tells about models.
enum ModelCatalog {
    /// The models that are listed; any other name is answered all the same.
    static let names = [
        "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro", "gemini-3.5-flash-lite", "gemini-3.8-flash",
        "gemini-flash-latest",
    ]

    static func description(of model: String) -> JSONValue {
        let words = model.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }
        return [
            "name": .string("models/\(model)"),
            "version": "001",
            "displayName": .string(words.joined(separator: " ")),
            "description": "Simulated: its answers follow from the request.",
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
            "temperature": 1,
            "maxTemperature": 2,
            "topP": 0.95,
            "topK": 64,
            "thinking": true,
        ]
    }
}
