package import BatchCore

/// A checkpoint in memory, with commits that a test can hold back or make fail.
package final class InMemoryStore: CheckpointStore {
    package enum Operation: Sendable, Hashable {
        case pendingItems, begin, record
    }

    /// What the store says when a test told it to fail.
    package struct Failure: Error, Equatable {}

    private struct State: Sendable {
        var items: [PendingItem]
        /// Where each item stands in `items`.
        var places: [ItemID: Int]
        var states: [ItemState]
        var attempts: [ItemID: [AttemptRecord]] = [:]
        var windows: [Int] = []
        var held: Set<Operation> = []
        var waiting: [Operation: Int] = [:]
        var failing: Set<Operation> = []
        var allowed: [Operation: Int] = [:]
        var begun = 0
        var reservations: [Spending?] = []

        mutating func set(_ state: ItemState, of id: ItemID) {
            guard let place = places[id] else { preconditionFailure("item \(id.value) was never handed out") }
            states[place] = state
        }
    }

    private let state: Watched<State>

    /// - Parameter items: In the order of the job.
    package init(_ items: [PendingItem]) {
        state = Watched(
            State(
                items: items,
                places: Dictionary(uniqueKeysWithValues: items.enumerated().map { ($1.id, $0) }),
                states: items.map { _ in .pending }
            )
        )
    }

    package func pendingItems(after: ItemID?, limit: Int, of models: ModelSelection) async throws -> [PendingItem] {
        try await commit(.pendingItems)
        return state.change { state in
            state.windows.append(limit)
            let start = after.flatMap { state.places[$0] }.map { $0 + 1 } ?? 0
            let pending = (start..<state.items.count).lazy.filter { [states = state.states, items = state.items] in
                states[$0] == .pending && models.contains(items[$0].request.model)
            }
            return pending.prefix(limit).map { state.items[$0] }
        }
    }

    package func begin(_ id: ItemID, reserving reserved: Spending? = nil) async throws {
        try await commit(.begin)
        state.change { state in
            state.begun += 1
            state.reservations.append(reserved)
            state.set(.running, of: id)
        }
    }

    /// Always in a task of its own, as a real one is committed some time later.
    package func record(_ outcome: ItemOutcome, completion: @escaping @Sendable ((any Error)?) -> Void) {
        Task {
            do {
                try await commit(.record)
                state.change { state in
                    state.set(outcome.state, of: outcome.item)
                    if let attempt = outcome.attempt {
                        state.attempts[outcome.item, default: []].append(attempt)
                    }
                }
                completion(nil)
            } catch {
                completion(error)
            }
        }
    }

    /// Waits for a held commit, whether or not the caller is cancelled meanwhile: what was sent has to be kept.
    private func commit(_ operation: Operation) async throws {
        let isHeld = try state.change { state in
            if let allowed = state.allowed[operation], allowed > 0 {
                state.allowed[operation] = allowed - 1
            } else if state.failing.contains(operation) {
                throw Failure()
            }
            guard state.held.contains(operation) else { return false }
            state.waiting[operation, default: 0] += 1
            return true
        }
        guard isHeld else { return }
        let wait = Task { [state] in try await state.wait { !$0.held.contains(operation) } }
        try await wait.value
        state.change { $0.waiting[operation, default: 0] -= 1 }
    }

    // MARK: For tests

    /// Holds back every commit of a kind until it is released.
    package func hold(_ operation: Operation) {
        state.change { _ = $0.held.insert(operation) }
    }

    package func release(_ operation: Operation) {
        state.change { _ = $0.held.remove(operation) }
    }

    /// Waits until so many commits of a kind are held back, or more.
    package func waiting(for operation: Operation, atLeast count: Int) async throws {
        try await state.wait { $0.waiting[operation, default: 0] >= count }
    }

    /// Makes calls of a kind throw ``Failure``, after some that are let through.
    package func fail(_ operation: Operation, after count: Int = 0) {
        state.change { state in
            state.allowed[operation] = count
            state.failing.insert(operation)
        }
    }

    /// The limits of all windows that were asked for.
    package var windows: [Int] { state.value.windows }
    /// How many items were begun, each time counted.
    package var begun: Int { state.value.begun }
    /// What was set aside for each of them.
    package var reservations: [Spending?] { state.value.reservations }

    /// The keys of the items in a state, in the order of the job.
    package func keys(in wanted: ItemState) -> [String] {
        let state = state.value
        return zip(state.items, state.states).filter { $0.1 == wanted }.map(\.0.key)
    }

    /// What is kept about the attempts of an item.
    package func attempts(of key: String) -> [AttemptRecord] {
        let state = state.value
        return state.items.first { $0.key == key }.flatMap { state.attempts[$0.id] } ?? []
    }

    /// The items as a next run finds them: what ran is pending again, chats know their answered turns.
    package func reopened() -> InMemoryStore {
        let state = state.value
        var unfinished: [PendingItem] = []
        for (place, itemState) in state.states.enumerated() where itemState != .done && itemState != .failed {
            var item = state.items[place]
            for attempt in state.attempts[item.id] ?? [] {
                item.attempts = attempt.number
                if case .answered(let answer) = attempt.result {
                    item.answeredTurns.append(answer.parts)
                }
            }
            unfinished.append(item)
        }
        return InMemoryStore(unfinished)
    }
}

extension ModelSelection {
    fileprivate func contains(_ model: String) -> Bool {
        switch self {
        case .all: true
        case .only(let wanted): model == wanted
        case .except(let others): !others.contains(model)
        }
    }
}
