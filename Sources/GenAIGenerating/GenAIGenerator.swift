package import BatchCore
package import GenAI
internal import JSON

/// Makes the client answer the scheduler: items to requests, answers and errors to the words of the batch.
package struct GenAIGenerator: Generating {
    private let client: Client
    private let uploads: MediaUploads

    /// - Parameters:
    ///   - client: Who sends requests.
    ///   - uploads: The media of the run that do not travel with their requests.
    package init(client: Client, uploads: MediaUploads) {
        self.client = client
        self.uploads = uploads
    }

    package func generate(_ request: GenerationRequest, meter: StreamMeter) async throws -> GenerationResult {
        guard request.takesTime else { return try await send(request, [:], meter) }
        return try await answerAside(request, meter)
    }

    /// The run's own thread may be that of all streams, which would stand still while a disk is slow or images are encoded.
    @inline(never)
    private func answerAside(_ request: GenerationRequest, _ meter: StreamMeter) async throws -> GenerationResult {
        try await withTaskExecutorPreference(globalConcurrentExecutor) {
            try await answer(request, meter)
        }
    }

    private func answer(_ request: GenerationRequest, _ meter: StreamMeter) async throws -> GenerationResult {
        let media = try mediaToUpload(of: request)
        guard !media.isEmpty else { return try await send(request, [:], meter) }
        let uploaded = try await uploads.uploads(of: media)
        do {
            return try await send(request, uploaded, meter)
        } catch let error as GenerationError where error.isRefusedFile && !uploaded.isEmpty {
            // Files can vanish before they expire: deleted by somebody, or together with their project's others.
            await uploads.doubt(uploaded.values)
            return try await send(request, try await uploads.uploads(of: media), meter)
        }
    }

    /// The files of a request that have to be uploaded before it is sent.
    private func mediaToUpload(of request: GenerationRequest) throws(GenerationError) -> [LocalMedium] {
        let turns = request.item.turns.prefix(request.answeredTurns.count + 1)
        let media = turns.flatMap(\.media).compactMap(LocalMedium.init)
        switch client.kind {
        case .geminiAPI:
            return try MediaPlan.uploads(of: media)
        case .vertex:
            try MediaPlan.checkFit(media)
            return []
        }
    }

    private func send(
        _ request: GenerationRequest,
        _ uploaded: [LocalMedium: MediaUpload],
        _ meter: StreamMeter
    ) async throws -> GenerationResult {
        let collected = try await collector(request, uploaded, meter).collect()
        return try Self.result(of: collected, tier: request.item.serviceTier)
    }

    // Not part of the function that waits, in which all that it may have in its hands has room of its own: times the number of
    // streams. An error with a type would have it too.
    @inline(never)
    private func collector(
        _ request: GenerationRequest,
        _ uploaded: [LocalMedium: MediaUpload],
        _ meter: StreamMeter
    ) throws -> AnswerCollector {
        let call = GenerateCall(
            model: request.item.model,
            contents: try Self.contents(of: request, uploaded),
            config: Self.config(of: request.item),
            stream: request.stream
        )
        return client.models.collector(
            call,
            timeouts: RequestTimeouts(request.timeouts),
            watch: request.cutsRunaways ? RunawayDetector() : nil
        ) { chunk in
            meter.add(textBytes: chunk.textBytes, outputTokens: chunk.outputTokens)
        }
    }

    @inline(never)
    private static func result(
        of collected: CollectedAnswer,
        tier: BatchCore.ServiceTier
    ) throws -> GenerationResult {
        if var error = FailureMapping.error(in: collected) {
            if tier == .flex {
                error.allowForShedding()
            }
            throw error
        }
        return GenerationResult(answer: Answer(collected.answer), firstChunk: collected.firstEvent)
    }

    /// The dialogue: each answered turn with the model's parts as they came, then the turn to answer.
    private static func contents(
        of request: GenerationRequest,
        _ uploaded: [LocalMedium: MediaUpload]
    ) throws(GenerationError) -> [Content] {
        var contents: [Content] = []
        for (turn, answer) in zip(request.item.turns, request.answeredTurns) {
            contents.append(try content(of: turn, uploaded))
            let parts = try parts(from: answer)
            // The server refuses messages without parts; a turn cut by its budget may have none.
            if !parts.isEmpty {
                contents.append(Content(role: .model, parts: parts))
            }
        }
        contents.append(try content(of: request.item.turns[request.answeredTurns.count], uploaded))
        if let repair = request.repair {
            if !repair.answer.isEmpty {
                contents.append(Content(role: .model, parts: [.text(repair.answer)]))
            }
            contents.append(Content(role: .user, parts: [.text(repair.message)]))
        }
        return contents
    }

    static func content(
        of turn: ItemRequest.Turn,
        _ uploaded: [LocalMedium: MediaUpload]
    ) throws(GenerationError) -> Content {
        var parts: [Part] = []
        for reference in turn.media {
            switch reference.location {
            case .uri(let uri):
                parts.append(.uri(uri, mimeType: reference.mimeType))
            case .file(let path, let sha256):
                if let upload = LocalMedium(reference).flatMap({ uploaded[$0] }) {
                    parts.append(.uri(upload.uri, mimeType: reference.mimeType))
                } else {
                    parts.append(.data(try MediaFile.read(path, sha256: sha256), mimeType: reference.mimeType))
                }
            }
        }
        if !turn.text.isEmpty || parts.isEmpty {
            parts.append(.text(turn.text))
        }
        return Content(role: .user, parts: parts)
    }

    private static func parts(from json: String) throws(GenerationError) -> [Part] {
        guard let parts = try? JSONValue(parsing: json).array else {
            throw GenerationError(
                .malformed,
                "the checkpoint's record of an earlier turn is not a JSON array of parts; run the item again with a fresh checkpoint"
            )
        }
        return parts.compactMap(\.object).map(Part.init(json:))
    }

    static func config(of item: ItemRequest) -> GenerateContentConfig {
        var config = item.config.isEmpty ? GenerateContentConfig() : GenerateContentConfig(json: item.config)
        if let systemInstruction = item.systemInstruction {
            config.systemInstruction = systemInstruction
        }
        return config
    }
}

extension RunawayDetector: AnswerWatch {
    package mutating func endsAnswer(after text: Span<UInt8>) -> Bool {
        isLooping(text)
    }
}

extension GenerationRequest {
    /// Earlier answers of this size may hold images.
    private static let longAnswer = 64 << 10

    /// Whether making the request takes more than a moment.
    fileprivate var takesTime: Bool {
        item.turns.contains { $0.media.contains { LocalMedium($0) != nil } }
            || answeredTurns.contains { $0.utf8.count > Self.longAnswer }
    }
}

extension GenerationError {
    /// Whether the server has answered that a file of the prompt is not there, not ours or not ready.
    fileprivate var isRefusedFile: Bool {
        failureClass == .media && httpStatus != nil
    }
}

extension RequestTimeouts {
    fileprivate init(_ timeouts: Timeouts) {
        self.init(
            connect: timeouts.connect,
            firstChunk: timeouts.firstChunk,
            idle: timeouts.idle,
            total: timeouts.item
        )
    }
}

extension Answer {
    init(_ answer: AnswerAccumulator) {
        self.init(
            text: answer.text,
            parts: answer.isPlainText ? nil : answer.partsJSON,
            finishReason: answer.finishReason ?? "",
            usage: TokenUsage(answer.totalUsage),
            modelVersion: answer.modelVersion,
            responseID: answer.responseID,
            candidates: answer.candidateCount,
            metadata: answer.metadataJSON,
            serviceTier: answer.servedTier
        )
    }
}

extension TokenUsage {
    init(_ counts: UsageCounts) {
        self.init(
            promptTokens: counts.promptTokens,
            outputTokens: counts.outputTokens,
            thoughtTokens: counts.thoughtTokens,
            cachedTokens: counts.cachedTokens,
            toolUseTokens: counts.toolUseTokens,
            totalTokens: counts.totalTokens,
            modalities: ModalityTokens(counts)
        )
    }
}

extension ModalityTokens {
    /// `nil` if the answer has none of those kinds, as most.
    fileprivate init?(_ counts: UsageCounts) {
        self.init(
            audioInput: counts.audioPromptTokens,
            cachedAudio: counts.audioCachedTokens,
            imageOutput: counts.imageOutputTokens,
            audioOutput: counts.audioOutputTokens
        )
        guard self != ModalityTokens() else { return nil }
    }
}
