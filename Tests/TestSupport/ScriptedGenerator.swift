package import BatchCore

/// Answers by a script: what is said to a turn, attempt by attempt, and when.
///
/// Items are told apart by the text of the turn that is to be answered.
package final class ScriptedGenerator: Generating {
    /// One call as it came.
    package struct Call: Sendable {
        package var text: String
        package var model: String
        /// The answers to the turns before.
        package var history: [String]
        /// Which call for this text it is, from 1.
        package var attempt: Int
        /// What the model is told about an answer that was refused.
        package var repair: RepairRequest?
        package var stream: Bool
        package var cutsRunaways: Bool
        package var timeouts: Timeouts
    }

    package enum Reply: Sendable {
        /// An ordinary answer that repeats the question.
        case answer
        case say(Answer)
        case fail(GenerationError)
        /// An error that no generator should throw.
        case misbehave(any Error & Sendable)
        /// The same, once the test releases the text.
        indirect case hold(Reply)
        /// The same, when so much time of the clock has passed.
        indirect case after(Duration, Reply)
    }

    private struct State: Sendable {
        var calls: [Call] = []
        var attempts: [String: Int] = [:]
        var inFlight = 0
        var mostInFlight = 0
        var cancelled: [String] = []
        var released: Set<String> = []
        var allReleased = false
    }

    private let state = Watched(State())
    private let clock: ManualClock
    private let script: @Sendable (Call) -> Reply

    /// - Parameters:
    ///   - clock: What replies with a delay wait on.
    ///   - script: What to say to a call.
    package init(clock: ManualClock = ManualClock(), script: @escaping @Sendable (Call) -> Reply = { _ in .answer }) {
        self.clock = clock
        self.script = script
    }

    package func generate(_ request: GenerationRequest, meter: StreamMeter) async throws -> GenerationResult {
        let call = state.change { state in
            let text = request.item.turns[request.answeredTurns.count].text
            state.attempts[text, default: 0] += 1
            let call = Call(
                text: text,
                model: request.item.model,
                history: request.answeredTurns,
                attempt: state.attempts[text, default: 0],
                repair: request.repair,
                stream: request.stream,
                cutsRunaways: request.cutsRunaways,
                timeouts: request.timeouts
            )
            state.calls.append(call)
            state.inFlight += 1
            state.mostInFlight = max(state.mostInFlight, state.inFlight)
            return call
        }
        defer { state.change { $0.inFlight -= 1 } }
        do {
            try Task.checkCancellation()
            let answer = try await reply(script(call), to: call)
            meter.add(textBytes: answer.text.utf8.count, outputTokens: answer.usage.outputTokens)
            return GenerationResult(answer: answer, firstChunk: .milliseconds(1))
        } catch let error as CancellationError {
            state.change { $0.cancelled.append(call.text) }
            throw error
        }
    }

    private func reply(_ reply: Reply, to call: Call) async throws -> Answer {
        switch reply {
        case .answer:
            return .scripted("answer to \(call.text)")
        case .say(let answer):
            return answer
        case .fail(let error):
            throw error
        case .misbehave(let error):
            throw error
        case .hold(let next):
            try await state.wait { $0.allReleased || $0.released.contains(call.text) }
            return try await self.reply(next, to: call)
        case .after(let delay, let next):
            try await clock.sleep(until: clock.now() + delay)
            return try await self.reply(next, to: call)
        }
    }

    // MARK: For tests

    package var calls: [Call] { state.value.calls }
    /// The texts in the order they were sent.
    package var texts: [String] { state.value.calls.map(\.text) }
    package var mostInFlight: Int { state.value.mostInFlight }
    /// The texts whose calls were cut by cancellation.
    package var cancelled: [String] { state.value.cancelled }

    /// Lets the held calls for these texts go on, those to come as well.
    package func release(_ texts: String...) {
        state.change { $0.released.formUnion(texts) }
    }

    package func releaseAll() {
        state.change { $0.allReleased = true }
    }

    /// Waits until so many calls have come in all.
    package func calls(atLeast count: Int) async throws {
        try await state.wait { $0.calls.count >= count }
    }

    /// Waits until exactly so many calls are under way.
    package func inFlight(_ count: Int) async throws {
        try await state.wait { $0.inFlight == count }
    }
}

extension Answer {
    /// An answer with a text, its part and some usage.
    package static func scripted(_ text: String, finishReason: String = "STOP") -> Answer {
        Answer(
            text: text,
            parts: #"[{"text":"\#(text)"}]"#,
            finishReason: finishReason,
            usage: TokenUsage(promptTokens: 3, outputTokens: 2, totalTokens: 5)
        )
    }
}
