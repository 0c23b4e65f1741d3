import JSON

/// Turns an answer, and the fault ordered for it, into what goes over the wire.
struct AnswerSending {
    /// The waits of one answer.
    struct Pace {
        var beforeFirst = Duration.zero
        var between = Duration.zero
    }

    private var answer: PlannedAnswer
    private let transport: Route.Transport
    private let fault: Fault?
    private let pace: Pace

    /// The response to a request that is answered.
    static func plan(
        _ answer: PlannedAnswer,
        transport: Route.Transport,
        fault: Fault?,
        pace: Pace,
        chunkBytes: Int
    ) -> ResponsePlan {
        var sending = AnswerSending(answer: answer, transport: transport, fault: fault, pace: pace)
        sending.changeAnswer(chunkBytes: chunkBytes)
        var plan = transport == .whole ? sending.wholePlan() : sending.streamPlan()
        sending.changePlan(&plan)
        return plan
    }

    /// The response that a status fault orders; the request need not even be readable.
    static func plan(_ fault: StatusFault, model: String) -> ResponsePlan {
        let bytes = fault.bytes(model: model)
        var plan = ResponsePlan.whole(status: fault.status, contentType: fault.contentType, bytes)
        if let retryAfter = fault.retryAfter { plan.headers.append(("Retry-After", retryAfter)) }
        if let location = fault.location { plan.headers.append(("Location", location)) }
        plan.outcome = .faulted
        return plan
    }

    // MARK: What is said

    private mutating func changeAnswer(chunkBytes: Int) {
        switch fault {
        case .noFinishReason:
            answer.finishReason = nil
        case .finishReason(let reason, let afterChunks):
            answer.finishReason = reason
            if let afterChunks { answer.keepPieces(afterChunks) }
        case .text(let text):
            let bytes = Array(text.utf8)
            answer.setText(bytes, pieces: (bytes.count + chunkBytes - 1) / chunkBytes)
        case .usage(let style):
            answer.usageStyle = style
        default:
            break
        }
    }

    /// The document that stands instead of the answer, if the fault puts one there.
    private var replacement: [UInt8]? {
        switch fault {
        case .usageOnly: answer.documentWithoutCandidate(blockReason: nil)
        case .blockedPrompt(let reason): answer.documentWithoutCandidate(blockReason: reason)
        default: nil
        }
    }

    // MARK: How it is sent

    private func streamPlan() -> ResponsePlan {
        let isArray = transport == .array
        var body = StreamBody(replacement.map { .ready([$0]) } ?? .answer(answer), isArray: isArray)
        var ending = ResponsePlan.Ending.proper
        switch fault {
        case .cut(let count, let how):
            body.limit = min(count, body.limit)
            ending = Self.ending(of: how)
        case .stall(let count):
            body.limit = min(count, body.limit)
            ending = .silence
        case .errorInStream(let count, let error):
            body.limit = min(count, body.limit)
            body.tail = Array(error.error(model: answer.model).body.text.utf8)
        case .invalidUTF8(let number): body.damage = (number, .invalidUTF8)
        case .brokenJSON(let number): body.damage = (number, .halfOnly)
        case .framing(let framing): body.framing = framing
        default: break
        }
        let contentType = isArray ? ResponsePlan.json : ResponsePlan.eventStream
        var plan = ResponsePlan(contentType: contentType, body: body)
        plan.ending = ending
        plan.beforeHead = pace.beforeFirst
        plan.betweenChunks = pace.between
        return plan
    }

    /// The answer in one piece, as late as its last event would have come.
    private func wholePlan() -> ResponsePlan {
        var document = replacement ?? answer.wholeDocument
        var sent: Int?
        var ending = ResponsePlan.Ending.proper
        switch fault {
        case .cut(let count, let how):
            sent = count == 0 ? 0 : document.count / 2
            ending = Self.ending(of: how)
        case .stall(let count):
            sent = count == 0 ? 0 : document.count / 2
            ending = .silence
        case .errorInStream(_, let error): document = Array(error.error(model: answer.model).body.text.utf8)
        case .invalidUTF8: document = StreamBody.Damage.invalidUTF8.applied(to: document)
        case .brokenJSON: document = StreamBody.Damage.halfOnly.applied(to: document)
        default: break
        }
        var plan = ResponsePlan.whole(document)
        if let sent {
            plan.body = ReadyBody([Array(document.prefix(sent))])
            plan.contentLength = ending == .proper ? nil : document.count
        }
        plan.ending = ending
        plan.beforeHead = pace.beforeFirst + pace.between * max(0, answer.eventCount - 1)
        return plan
    }

    private func changePlan(_ plan: inout ResponsePlan) {
        if let fault, !fault.leavesAnswer {
            plan.outcome = .faulted
        }
        switch fault {
        case .oneBytePerWrite: plan.isBytewise = true
        case .emptyStream: replaceBody(of: &plan, with: ReadyBody([]))
        case .bareError(let error):
            plan.headers = [("Content-Type", ResponsePlan.json)]
            replaceBody(of: &plan, with: ReadyBody([error.bytes(model: answer.model)]))
        case .hugeLine(let bytes): replaceBody(of: &plan, with: filler(bytes))
        case .endlessLine: replaceBody(of: &plan, with: filler(.max))
        case .gzip(let hugeLineBytes):
            plan.headers.append(("Content-Encoding", "gzip"))
            replaceBody(of: &plan, with: GzipBody(hugeLineBytes.map { filler($0) } ?? plan.body))
        case .headerFlood(let count, let bytes):
            let value = String(repeating: "x", count: bytes)
            plan.headers += (1...count).map { ("X-Flood-\($0)", value) }
        case .delay(let delay):
            if let wait = delay.beforeHead { plan.beforeHead = .milliseconds(wait) }
            if let wait = delay.beforeFirstChunk { plan.beforeFirstChunk = .milliseconds(wait) }
            if let wait = delay.betweenChunks { plan.betweenChunks = .milliseconds(wait) }
        default: break
        }
    }

    private func replaceBody(of plan: inout ResponsePlan, with body: any BodySource) {
        plan.body = body
        plan.contentLength = nil
    }

    /// One event with a text of so many bytes, and a finish reason after it.
    private func filler(_ count: Int) -> FillerBody {
        var answer = answer
        answer.thought = nil
        answer.finishReason = "STOP"
        answer.setText([], pieces: 1)
        let document = answer.document(0)
        let marker = Array("\"text\":\"".utf8)
        let border = (ByteSearch.first(marker, in: document) ?? 0) + marker.count
        let (start, end) =
            switch transport {
            case .events: ("data: ", "\r\n\r\n")
            case .array: ("[", "]")
            case .whole: ("", "")
            }
        return FillerBody(
            prefix: Array(start.utf8) + document[..<border],
            count: count,
            suffix: document[border...] + Array(end.utf8)
        )
    }

    private static func ending(of cut: Fault.Cut) -> ResponsePlan.Ending {
        switch cut {
        case .end: .proper
        case .close: .close
        case .reset: .reset
        }
    }
}
