import JSON
import NIOCore
import NIOHTTP1
import Synchronization

/// What all connections share: the records, the quotas and the fault script; and the decision on each request.
final class SimulatorService: Sendable {
    private struct State {
        var schedule: FaultSchedule
        var ledger = Ledger()
        var quotas: [String: QuotaWindow] = [:]
        var statistics = Statistics()
        /// When the first generation came: quotas and scripts count from there.
        var beginning: Duration?
    }

    private let configuration: SimulatorConfiguration
    private let journal: Journal?
    private let files: FileService
    private let state: Mutex<State>
    private let time: @Sendable () -> Duration

    init(_ configuration: SimulatorConfiguration) throws(SimulatorError) {
        self.configuration = configuration
        journal = if let path = configuration.journal { try Journal(path: path) } else { nil }
        files = FileService(processingPolls: configuration.processingPolls)
        state = Mutex(State(schedule: FaultSchedule(configuration.script)))
        let start = ContinuousClock.now
        time = configuration.time ?? { start.duration(to: .now) }
    }

    // MARK: Connections

    func connectionOpened() {
        state.withLock { $0.statistics.connections.begin() }
    }

    func connectionClosed() {
        state.withLock { $0.statistics.connections.end() }
    }

    // MARK: Requests

    /// Decides what a request gets, and counts it.
    func respond(to head: HTTPRequestHead, body: ByteBuffer) -> (ResponsePlan, Ticket) {
        let route = Route(method: head.method, uri: head.uri)
        switch route {
        case .generate(let target, let transport):
            return generate(target, transport, head: head, body: Array(body.readableBytesView))
        case .countTokens(let target):
            state.withLock { $0.statistics.countTokensRequests += 1 }
            return (countTokens(target, head: head, body: Array(body.readableBytesView)), ticket(for: head))
        case .listModels, .model:
            return (models(route, head: head), ticket(for: head))
        case .files(let route):
            return (file(route, head: head, body: body), ticket(for: head))
        case .listRequests, .resetRequests, .replaceScript, .stats:
            return (control(route, body: body), ticket(for: head, isControl: true))
        case .unknown:
            var plan = AnswerSending.plan(StatusFault(status: 404, body: .html, name: "Not Found"), model: "")
            plan.outcome = .refused
            return (plan, ticket(for: head))
        }
    }

    /// Refuses a request that was not read to its end.
    func refuse(_ error: APIError) -> (ResponsePlan, Ticket) {
        let number = state.withLock { state in
            state.statistics.requests += 1
            return state.statistics.requests
        }
        return (.error(error), Ticket(number: number, item: 0, attempt: 1, place: nil, label: "unread request"))
    }

    func finished(_ ticket: Ticket, status: Int, chunks: Int, outcome: Outcome) {
        if let place = ticket.place {
            state.withLock { state in
                state.ledger.finish(place, status: status, outcome: outcome)
                state.statistics.streams.end()
            }
            journal?.ended(ticket, status: status, chunks: chunks, outcome: outcome)
        }
        configuration.log?("\(ticket.number) \(status) \(outcome.rawValue) \(ticket.label)")
    }

    /// The time since the first generation.
    private var elapsed: Duration {
        let now = time()
        return state.withLock { $0.beginning }.map { max(now - $0, .zero) } ?? .zero
    }

    private func ticket(for head: HTTPRequestHead, isControl: Bool = false) -> Ticket {
        let number = state.withLock { state in
            guard !isControl else { return 0 }
            state.statistics.requests += 1
            state.statistics.otherRequests += 1
            return state.statistics.requests
        }
        return Ticket(number: number, item: 0, attempt: 1, place: nil, label: "\(head.method.rawValue) \(head.uri)")
    }

    // MARK: Generation

    private func generate(
        _ target: Route.Target,
        _ transport: Route.Transport,
        head: HTTPRequestHead,
        body: [UInt8]
    ) -> (ResponsePlan, Ticket) {
        let document = Result { () throws(JSONError) in try JSONValue(parsing: body) }
        let text = (try? document.get()).map(Self.lastText) ?? ""
        let refusal = refusal(of: target, head: head)
        let admission = admit(target, text: text, item: Self.identity(target, body), refusal: refusal)
        journal?.received(admission.ticket, model: target.model, text: Self.shortened(text))
        return (plan(for: document, target, transport, admission), admission.ticket)
    }

    private func plan(
        for document: Result<JSONValue, JSONError>,
        _ target: Route.Target,
        _ transport: Route.Transport,
        _ admission: Admission
    ) -> ResponsePlan {
        if let refusal = admission.refusal { return .error(refusal) }
        if case .status(let fault) = admission.fault { return AnswerSending.plan(fault, model: target.model) }
        do throws(APIError) {
            let request = try RequestParser.parse(try document.mapError(APIError.malformed).get(), for: target)
            if let refusal = request.media.lazy.compactMap(\.uri).compactMap(files.refusal).first { throw refusal }
            let shape = AnswerShape(chunks: configuration.chunks, chunkBytes: configuration.chunkBytes)
            var answer = AnswerPlanner.answer(to: request, shape: shape)
            if case .continuation(let count) = admission.fault {
                answer.breakOff(afterChunks: count, sentBefore: request.continuation?.piecesSent ?? 0)
            }
            return AnswerSending.plan(
                answer,
                transport: transport,
                fault: admission.fault,
                pace: pace(for: admission.ticket),
                chunkBytes: configuration.chunkBytes
            )
        } catch {
            return .error(error)
        }
    }

    private struct Admission {
        var ticket: Ticket
        var refusal: APIError?
        var fault: Fault?
    }

    /// Counts a request, asks the quota, and looks up its fault, all at one moment.
    private func admit(_ target: Route.Target, text: String, item: UInt64, refusal: APIError?) -> Admission {
        let moment = time()
        return state.withLock { state in
            let beginning = state.beginning ?? moment
            state.beginning = beginning
            // Several threads ask for the time, and the later one may be the first to get here.
            let now = max(moment - beginning, .zero)
            state.statistics.requests += 1
            state.statistics.streams.begin()
            let place = state.ledger.receive(item: item, model: target.model, text: Self.shortened(text))
            var refusal = refusal
            if refusal == nil, let quota = configuration.quota,
                let wait = state.quotas[target.model, default: QuotaWindow(quota)].admit(at: now)
            {
                refusal = .overQuota(model: target.model, limit: quota.limit(at: now), wait: wait)
            }
            let attempt = refusal == nil ? state.ledger.admit(place) : 0
            var fault: Fault?
            if refusal == nil {
                fault = state.schedule.fault(
                    .generation,
                    model: target.model,
                    text: text,
                    item: item,
                    attempt: attempt,
                    at: now
                )
            }
            let number = state.statistics.requests
            let label = configuration.log == nil ? "" : "\(target.model):\(target.method) attempt \(attempt)"
            let ticket = Ticket(number: number, item: item, attempt: attempt, place: place, label: label)
            return Admission(ticket: ticket, refusal: refusal, fault: fault)
        }
    }

    /// Why a request is refused before its body matters: its key, or its model.
    private func refusal(of target: Route.Target, head: HTTPRequestHead) -> APIError? {
        let key = head.headers.first(name: "x-goog-api-key") ?? ""
        let hasToken = head.headers.first(name: "authorization")?.hasPrefix("Bearer ") ?? false
        if key == "invalid-key" { return .keyNotValid }
        if key.isEmpty, !(target.isVertex && hasToken) {
            return target.isVertex ? .tokenMissing : .keyMissing
        }
        if target.model.contains("unknown") {
            return .modelNotFound(target.model, version: target.version, method: target.method)
        }
        return nil
    }

    private func pace(for ticket: Ticket) -> AnswerSending.Pace {
        var factor = 1.0
        if configuration.jitter > 0 {
            var hash = StableHash()
            hash.combine(number: configuration.seed)
            hash.combine(number: ticket.item)
            hash.combine(number: UInt64(ticket.attempt))
            var random = SeededRandom(seed: hash.value)
            factor += configuration.jitter * (2 * random.fraction() - 1)
        }
        return AnswerSending.Pace(
            beforeFirst: configuration.firstChunkLatency * factor,
            between: configuration.chunkInterval * factor
        )
    }

    /// The hash of everything in a request that its sender decides.
    private static func identity(_ target: Route.Target, _ body: [UInt8]) -> UInt64 {
        var hash = StableHash()
        hash.combine(target.model)
        body.withUnsafeBufferPointer { hash.combine($0) }
        return hash.value
    }

    /// The text of the last content, read without judging the request.
    private static func lastText(_ document: JSONValue) -> String {
        let last = document["contents"]?.array?.last ?? document["contents"] ?? .null
        let parts = last["parts"]?.array ?? last["parts"].map { [$0] } ?? []
        return parts.compactMap { $0["text"]?.string }.joined(separator: "\n")
    }

    private static func shortened(_ text: String) -> String {
        text.utf8.count <= Ledger.textLimit ? text : String(text.unicodeScalars.prefix(Ledger.textLimit))
    }

    // MARK: Everything else

    private func countTokens(_ target: Route.Target, head: HTTPRequestHead, body: [UInt8]) -> ResponsePlan {
        if let refusal = refusal(of: target, head: head) { return .error(refusal) }
        do {
            let document = try Result { () throws(JSONError) in try JSONValue(parsing: body) }
                .mapError(APIError.malformed).get()
            let tokens = PromptTokens(of: try RequestParser.parseCount(document, for: target))
            var writer = JSONWriter()
            writer.object { writer in
                writer.member("totalTokens", tokens.total)
                tokens.writeDetails(into: &writer)
            }
            return .whole(writer.bytes)
        } catch {
            return .error(error)
        }
    }

    private func models(_ route: Route, head: HTTPRequestHead) -> ResponsePlan {
        do throws(APIError) {
            switch route {
            case .model(let target):
                if let refusal = refusal(of: target, head: head) { throw refusal }
                return .document(ModelCatalog.description(of: target.model))
            case .listModels(let page):
                if let refusal = refusal(of: Self.anyModel, head: head) { throw refusal }
                let list = ModelCatalog.names.map { ModelCatalog.description(of: $0) }
                return .document(try page.page(of: list, named: "models", usualSize: 50))
            default:
                throw .invalidArgument("Not a request about models.")
            }
        } catch {
            return .error(error)
        }
    }

    private func file(_ route: FileRoute, head: HTTPRequestHead, body: ByteBuffer) -> ResponsePlan {
        do throws(APIError) {
            // The address of an upload is a secret and needs no key.
            if case .transfer = route {} else if let refusal = refusal(of: Self.anyModel, head: head) { throw refusal }
            return try files.respond(to: route, head: head, body: body) { scope, displayName, upload, piece in
                var hash = StableHash()
                hash.combine(upload)
                let now = elapsed
                return state.withLock { state in
                    state.schedule.fault(
                        scope,
                        model: "",
                        text: displayName,
                        item: hash.value,
                        attempt: piece,
                        at: now
                    )
                }
            }
        } catch {
            return .error(error)
        }
    }

    /// For requests that are about no model, whose key matters all the same.
    private static let anyModel = Route.Target(model: "", version: "v1beta", isVertex: false, method: "")

    private func control(_ route: Route, body: ByteBuffer) -> ResponsePlan {
        switch route {
        case .listRequests(let match):
            let (entries, totals) = state.withLock { ($0.ledger.entries, $0.ledger.totals) }
            let listing = ListingBody(entries: entries, totals: totals, match: match)
            return ResponsePlan(contentType: ResponsePlan.json, body: listing)
        case .resetRequests:
            state.withLock { $0.ledger.reset() }
            return .whole(Array("{}".utf8))
        case .replaceScript:
            do {
                let script = try FaultScript(parsing: Array(body.readableBytesView))
                state.withLock { $0.schedule = FaultSchedule(script) }
                return .whole(Array("{\"rules\":\(script.rules.count)}".utf8))
            } catch {
                return .error(.invalidArgument(error.description))
            }
        default:
            let now = elapsed
            let quota = configuration.quota.map { (limit: $0.limit(at: now), allowed: Int($0.allowed(until: now))) }
            return .whole(state.withLock { $0.statistics }.document(quota: quota))
        }
    }
}

extension APIError {
    fileprivate static func malformed(_ error: JSONError) -> APIError {
        .badRequest([Violation(field: "", description: "Invalid JSON payload received. \(error)")])
    }

    /// A request refused by the quota that the simulator itself keeps.
    fileprivate static func overQuota(model: String, limit: Int, wait: Duration) -> APIError {
        let nanoseconds = wait.components.seconds * 1_000_000_000 + wait.components.attoseconds / 1_000_000_000
        let fraction = String(nanoseconds % 1_000_000_000)
        let padding = String(repeating: "0", count: 9 - fraction.count)
        return .exhausted(
            .minute,
            model: model,
            retryDelay: "\(nanoseconds / 1_000_000_000).\(padding)\(fraction)s",
            quotaValue: String(limit)
        )
    }
}
