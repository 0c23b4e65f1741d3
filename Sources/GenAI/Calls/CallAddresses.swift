internal import Synchronization

/// Where calls go.
///
/// Most go where the one before went, and an address takes longer to make than to keep.
final class CallAddresses: Sendable {
    private struct Known {
        let model: String
        let stream: Bool
        let projectPath: String
        let url: String

        /// The name that is known is of ASCII alone; one that is equal to it by other letters is longer in UTF-8.
        func isTheSame(_ call: GenerateCall, _ authorization: Authorization) -> Bool {
            model == call.model && model.utf8.count == call.model.utf8.count && stream == call.stream
                && projectPath == authorization.projectPath
        }
    }

    private let last = Mutex<Known?>(nil)

    /// The address of a call.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the call is not right.
    func url(
        of call: GenerateCall,
        on backend: Backend,
        _ authorization: Authorization
    ) throws(GenAIError) -> String {
        try call.check(for: backend.kind)
        if let last = last.withLock({ $0 }), last.isTheSame(call, authorization) { return last.url }
        let url = backend.url(try call.path(on: backend.kind), authorization)
        let known = Known(model: call.model, stream: call.stream, projectPath: authorization.projectPath, url: url)
        last.withLock { $0 = known }
        return url
    }
}
