/// Why items are left for a later run.
package enum Postponement: Sendable, Equatable {
    /// The service lets none of the model's requests through, or will not today.
    case refused(GenerationError)
    /// A cap on spending is reached.
    case capped(Cap)

    /// What happened, and what to do next.
    package var message: String {
        switch self {
        case .refused(let error): error.message
        case .capped(let cap): cap.message
        }
    }
}
