internal import BatchCore
internal import GenAI

/// What goes wrong before a request is sent: nothing of it is billed.
extension FailureMapping {
    /// Why a file could not be uploaded.
    static func error(uploading path: String, _ error: GenAIError) -> GenerationError {
        switch error {
        case .invalidCall(let text):
            // Of the file itself, which the text names.
            GenerationError(.media, text)
        case .timedOut(_, let text):
            GenerationError(.network, "cannot upload \(path): \(text)")
        default:
            failure("cannot upload \(path)", error)
        }
    }

    /// Why it is not known whether a file is ready for prompts.
    static func error(awaiting path: String, _ error: GenAIError) -> GenerationError {
        switch error {
        case .timedOut(.total, let text):
            // It is not lost: the next attempt goes on waiting.
            GenerationError(.server, "the server has not processed \(path) in time: \(text)")
        default:
            failure("cannot ask whether \(path) is ready", error)
        }
    }

    /// The server's word that it can make nothing of a file.
    static func error(processing path: String, _ error: FileProcessingError) -> GenerationError {
        GenerationError(
            .media,
            "the server cannot process \(path): \(error.file.errorMessage ?? "it gives no reason"); "
                + "check that the file is whole and of the type \(error.file.mimeType ?? "it is sent as")"
        )
    }

    private static func failure(_ trouble: String, _ error: GenAIError) -> GenerationError {
        var failure = Self.error(for: error)
        // These words mean models and prompts elsewhere, and would stop the run for one file.
        if failure.failureClass == .invalidRequest || failure.failureClass == .notFound {
            failure = GenerationError(.media, error.description, httpStatus: failure.httpStatus)
        }
        failure.message = "\(trouble): \(failure.message)"
        return failure
    }
}
