package enum BackendKind: Sendable { case geminiAPI, vertex }
