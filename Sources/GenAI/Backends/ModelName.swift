/// Names of models as callers write them and as paths need them.
enum ModelName {
    private static let resources = ["models/", "tunedModels/", "publishers/", "projects/"]

    /// The resource that a model's name means (protocol, section 1).
    ///
    /// - Parameters:
    ///   - model: Bare, with its publisher (`publisher/model`, Vertex AI only), or a full resource name.
    ///   - backend: Where it is to be asked.
    /// - Returns: The resource, below project and location on Vertex AI.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the name could lead to another path.
    static func resource(_ model: String, on backend: BackendKind) throws(GenAIError) -> String {
        guard !model.isEmpty else { throw .invalidCall("the model's name is empty") }
        var previous: UInt8 = 0
        let isAllowed = model.utf8.allSatisfy { byte in
            defer { previous = byte }
            return byte >= 0x61 && byte <= 0x7A || byte >= 0x41 && byte <= 0x5A || byte >= 0x30 && byte <= 0x39
                || "-._/:@".utf8.contains(byte) && (byte, previous) != (0x2E, 0x2E)
        }
        guard isAllowed else {
            throw .invalidCall("the model's name \"\(model)\" has characters that no model has")
        }
        guard !resources.contains(where: model.hasPrefix) else { return model }
        switch backend {
        case .geminiAPI:
            return "models/\(model)"
        case .vertex:
            guard let slash = model.firstIndex(of: "/") else { return "publishers/google/models/\(model)" }
            return "publishers/\(model[..<slash])/models/\(model[model.index(after: slash)...])"
        }
    }
}
