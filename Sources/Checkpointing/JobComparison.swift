package import BatchCore

/// How a job compares with a checkpoint that is left as it is.
package struct JobComparison: Sendable, Equatable {
    /// What a run would make of an item.
    package enum Group: String, Sendable, CaseIterable {
        case new, changed, pending, deferred, done, failed, orphaned
    }

    /// One item on both sides.
    package struct Explanation: Sendable, Equatable {
        package let key: String
        package let group: Group
        /// In the job; `nil` if it has left it.
        package internal(set) var source: SourceItem?
        /// In the checkpoint; `nil` if it is new.
        package internal(set) var stored: StoredItem?

        /// What makes the job's request another one; empty if they are the same, or one of them is missing.
        package var differences: [RequestDifference] {
            guard let source, let stored else { return [] }
            return source.request.differences(from: stored.request)
        }
    }

    /// How many keys of each group are kept as examples.
    static let exampleCount = 3

    package internal(set) var plan = RunPlan()
    /// The first keys of each group.
    package internal(set) var examples: [Group: [String]] = [:]
    /// In how many changed items something is different, by what it is.
    package internal(set) var reasons: [String: Int] = [:]
    /// What a run would send; repetitions come on top.
    package internal(set) var workload = Workload()
    /// Some of the items that a run would send, by model, spread over the job; empty if none were asked for.
    package var samples: [String: [ItemRequest]] { samplers.mapValues(\.samples) }
    var samplers: [String: Sampler<ItemRequest>] = [:]
    /// Requests that are noted as in flight: those of the run that goes on, or what one that died has left.
    package internal(set) var inFlight = 0
    /// The process that runs the job now, if one does.
    package internal(set) var lockHolder: LockHolder?
    /// Of the item that was asked for; `nil` if neither side has it.
    package internal(set) var explanation: Explanation?

    package func count(of group: Group) -> Int {
        switch group {
        case .new: plan.new
        case .changed: plan.changed
        case .pending: plan.pending
        case .deferred: plan.deferred
        case .done: plan.done
        case .failed: plan.failed
        case .orphaned: plan.orphaned
        }
    }

    mutating func note(_ key: String, in group: Group) {
        switch group {
        case .new: plan.new += 1
        case .changed: plan.changed += 1
        case .pending: plan.pending += 1
        case .deferred: plan.deferred += 1
        case .done: plan.done += 1
        case .failed: plan.failed += 1
        case .orphaned: plan.orphaned += 1
        }
        if examples[group, default: []].count < Self.exampleCount {
            examples[group, default: []].append(key)
        }
    }
}
