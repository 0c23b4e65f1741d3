internal import Synchronization

/// Keeps a token, and gets the next one before it ends: one request for it, however many wait.
final class TokenSource: Sendable {
    /// Metadata servers hand out the same token until five minutes before its end.
    private static let refreshMargin = Duration.seconds(225)
    /// A request must arrive before the token ends.
    private static let usableMargin = Duration.seconds(10)
    /// Between attempts to replace a token that is still good.
    private static let pauseAfterFailure = Duration.seconds(10)

    private typealias Waiter = CheckedContinuation<Authorization, any Error>

    private struct Held {
        let authorization: Authorization
        var refreshAt: Duration
        let usableUntil: Duration
    }

    private struct State {
        var held: Held?
        var previousToken: String?
        var refresh: Task<Void, Never>?
        var waiters: [Int: Waiter] = [:]
        var lastWaiter = 0

        mutating func drop() {
            previousToken = held?.authorization.secret ?? previousToken
            held = nil
        }
    }

    private let state = Mutex(State())
    private let clock: any SignInClock
    private let obtain: @Sendable () async throws -> AccessToken
    private let admit: @Sendable (AccessToken) throws(GenAIError) -> Authorization

    /// - Parameters:
    ///   - clock: The time that tokens age by.
    ///   - obtain: Signs in.
    ///   - admit: Makes of a token what requests carry.
    init(
        clock: some SignInClock,
        obtain: @escaping @Sendable () async throws -> AccessToken,
        admit: @escaping @Sendable (AccessToken) throws(GenAIError) -> Authorization
    ) {
        self.clock = clock
        self.obtain = obtain
        self.admit = admit
    }

    deinit {
        state.withLock { $0.refresh }?.cancel()
    }

    /// What a request is to carry, if there is a token that is still good; begins to replace one that ends soon.
    func authorizationAtHand() -> Authorization? {
        state.withLock { usable(&$0) }
    }

    /// What a request is to carry; waits only if there is no token that is still good.
    ///
    /// - Throws: Why signing in failed, or `CancellationError`.
    func authorization() async throws -> Authorization {
        if let authorization = authorizationAtHand() { return authorization }
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait($0, as: id) }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(throwing: CancellationError())
        }
    }

    /// The same for a thread that may stand still.
    func blockingAuthorization() throws -> Authorization {
        if let authorization = authorizationAtHand() { return authorization }
        let handoff = Handoff<Authorization>()
        Task {
            do {
                handoff.give(.success(try await authorization()))
            } catch {
                handoff.give(.failure(error))
            }
        }
        return try handoff.take()
    }

    /// Lets go of a token that the server did not accept, unless another one has taken its place.
    func discard(_ token: String?) {
        state.withLock { state in
            if state.held?.authorization.secret == token {
                state.drop()
            }
        }
    }

    /// Tokens that requests may still carry.
    var tokens: [String] {
        state.withLock { [$0.held?.authorization.secret, $0.previousToken].compactMap { $0 } }
    }

    private func usable(_ state: inout State) -> Authorization? {
        let now = clock.now()
        guard let held = state.held, now < held.usableUntil else { return nil }
        if now >= held.refreshAt {
            beginRefresh(&state)
        }
        return held.authorization
    }

    private func wait(_ waiter: Waiter, as id: Int) {
        let outcome = state.withLock { state -> Result<Authorization, any Error>? in
            // Asked under the lock that the cancellation handler takes: one of the two sees the other.
            if Task.isCancelled { return .failure(CancellationError()) }
            if let authorization = usable(&state) { return .success(authorization) }
            state.waiters[id] = waiter
            beginRefresh(&state)
            return nil
        }
        if let outcome {
            waiter.resume(with: outcome)
        }
    }

    private func beginRefresh(_ state: inout State) {
        guard state.refresh == nil else { return }
        // The task does not keep the source alive: it is cancelled when nobody is left to use its token.
        state.refresh = Task { [weak self, obtain] in
            let result: Result<AccessToken, any Error>
            do {
                result = .success(try await obtain())
            } catch {
                result = .failure(error)
            }
            self?.finishRefresh(result)
        }
    }

    private func finishRefresh(_ result: Result<AccessToken, any Error>) {
        let now = clock.now()
        let outcome = result.flatMap { token in
            Result { try admit(token) }.map { ($0, token.lifetime) }
        }
        let waiters = state.withLock { state in
            state.refresh = nil
            switch outcome {
            case .success(let (authorization, lifetime)):
                state.drop()
                state.held = Held(
                    authorization: authorization,
                    refreshAt: now + max(lifetime - Self.refreshMargin, lifetime / 2),
                    usableUntil: now + lifetime - min(Self.usableMargin, lifetime / 2)
                )
            case .failure:
                state.held?.refreshAt = now + Self.pauseAfterFailure
            }
            defer { state.waiters.removeAll() }
            return Array(state.waiters.values)
        }
        for waiter in waiters {
            waiter.resume(with: outcome.map(\.0))
        }
    }
}
