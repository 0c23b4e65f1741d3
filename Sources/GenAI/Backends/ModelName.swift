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
        guard isAllowed(model) else {
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

    /// Letters, digits and `-._/:@`, but no two dots in a row.
    private static func isAllowed(_ model: String) -> Bool {
        var previous: UInt8 = 0
        for byte in model.utf8 {
            switch byte {
            case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x2D, 0x2F, 0x3A, 0x40, 0x5F: break
            case 0x2E where previous != 0x2E: break
            default: return false
            }
            previous = byte
        }
        return true
    }
}
