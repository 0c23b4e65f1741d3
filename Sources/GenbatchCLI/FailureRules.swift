internal import BatchCore
internal import JSON

/// What follows which failure in a job, in words and for programs.
struct FailureRules {
    let job: Job

    /// Classes with the same consequence, under its words.
    var lines: [String] {
        var consequences: [String] = []
        var classes: [String: [String]] = [:]
        for failureClass in FailureClass.allCases {
            let words = words(for: failureClass)
            if classes[words] == nil { consequences.append(words) }
            classes[words, default: []].append(failureClass.rawValue)
        }
        return consequences.flatMap { ["  \(classes[$0, default: []].joined(separator: ", "))", "      \($0)"] }
    }

    func write(to writer: inout JSONWriter) {
        writer.array { writer in
            for failureClass in FailureClass.allCases {
                let action = action(for: failureClass)
                writer.object { writer in
                    writer.member("class", failureClass.rawValue)
                    writer.member("action", action?.rawValue ?? "accept")
                    writer.member("attempts", orNull: action == .retry ? attempts(for: failureClass) : nil)
                }
            }
        }
    }

    func words(for failureClass: FailureClass) -> String {
        switch action(for: failureClass) {
        case nil: "the answer counts as done and is flagged"
        case .retry where failureClass.attemptLimit != nil:
            "tried again, \(Self.attempts(attempts(for: failureClass))) at most in a run: each is billed"
        case .retry:
            "tried again after a growing, random delay, \(Self.attempts(attempts(for: failureClass))) at most in a run"
        case .repair where job.retry.attempts > 1:
            "the model is told once what was wrong with its answer; then the item fails"
        case .waitForGate: "all items of the model wait as long as the server asks"
        case .deferModel: "the model's items are left for a later run; other models go on"
        case .failItem, .repair: "the item fails"
        case .stopRun: "the run stops: every item would fail the same way"
        }
    }

    /// `nil` if the job takes such answers.
    private func action(for failureClass: FailureClass) -> FailureAction? {
        guard failureClass == .truncated else { return failureClass.action }
        return switch job.onTruncation {
        case .accept: nil
        case .fail: .failItem
        case .retry: .retry
        }
    }

    private func attempts(for failureClass: FailureClass) -> Int {
        min(failureClass.attemptLimit ?? .max, job.retry.attempts)
    }

    private static func attempts(_ count: Int) -> String {
        count == 1 ? "1 attempt" : "\(count) attempts"
    }
}
