import BatchCore
import JSON
import TestSupport
import Testing

@Suite("ItemMachine")
struct ItemMachineTests {
    private var random = SeededGenerator(seed: 7)

    private func machine(
        turns: Int = 1,
        answered: Int = 0,
        attempts: Int = 8,
        onTruncation: Job.TruncationPolicy = .accept
    ) -> ItemMachine {
        let job = Job(name: "test", retry: RetryPolicy(attempts: attempts), onTruncation: onTruncation)
        return ItemMachine(turns: turns, answeredTurns: answered, job: job)
    }

    private func failure(_ failureClass: FailureClass, retryDelay: Duration? = nil, billed: Bool = false)
        -> GenerationError
    {
        GenerationError(failureClass, "for a test", retryDelay: retryDelay, isPossiblyBilled: billed)
    }

    @Test("a plain item is done with its first answer")
    func plainItem() {
        var machine = machine()
        #expect(machine.turn == 0)
        #expect(machine.answered() == .done)
    }

    @Test("a chat is done with the answer to its last turn")
    func chat() {
        var machine = machine(turns: 4, answered: 1)
        #expect(machine.turn == 1)
        #expect(machine.answered() == .nextTurn)
        #expect(machine.answered() == .nextTurn)
        #expect(machine.answered() == .done)
    }

    @Test("every class is followed by what the table says", arguments: FailureClass.allCases)
    mutating func tableIsFollowed(failureClass: FailureClass) {
        var machine = machine()
        let action = machine.failed(failure(failureClass), isServiceDown: false, using: &random)
        switch (failureClass.action, action) {
        case (.retry, .retry), (.repair, .retry(after: .zero)), (.waitForGate, .waitForGate),
            (.deferModel, .deferModel), (.failItem, .fail),
            (.stopRun, .stopRun):
            break
        default:
            Issue.record("\(failureClass) was followed by \(action)")
        }
    }

    @Test("waiting for quota uses up no attempt, however often")
    mutating func quotaUsesNothingUp() {
        var machine = machine(attempts: 2)
        for _ in 0..<100 {
            #expect(
                machine.failed(failure(.rateMinute, retryDelay: .seconds(5)), isServiceDown: false, using: &random)
                    == .waitForGate
            )
        }
        guard case .retry = machine.failed(failure(.server), isServiceDown: false, using: &random) else {
            Issue.record("the first real failure is not tried again")
            return
        }
        #expect(machine.failed(failure(.server), isServiceDown: false, using: &random) == .fail)
    }

    @Test("an answered turn gives the next one all attempts again")
    mutating func attemptsAreOfTheTurn() {
        var machine = machine(turns: 2, attempts: 2)
        _ = machine.failed(failure(.server), isServiceDown: false, using: &random)
        #expect(machine.answered() == .nextTurn)
        guard case .retry = machine.failed(failure(.server), isServiceDown: false, using: &random) else {
            Issue.record("the second turn has no attempts of its own")
            return
        }
    }

    @Test("a class that is billed each time gives up after its own limit, whatever else failed before")
    mutating func classLimit() {
        var machine = machine(attempts: 20)
        for _ in 0..<5 {
            guard case .retry = machine.failed(failure(.network), isServiceDown: false, using: &random) else {
                Issue.record("a network failure is not tried again")
                return
            }
        }
        for round in 1...3 {
            let action = machine.failed(failure(.empty, billed: true), isServiceDown: false, using: &random)
            if round < 3 {
                guard case .retry = action else {
                    Issue.record("gave up after \(round) empty answers")
                    return
                }
            } else {
                #expect(action == .fail)
            }
        }
    }

    @Test("the job's attempts hold for classes with a limit of their own as well")
    mutating func jobLimitHolds() {
        var machine = machine(attempts: 1)
        #expect(machine.failed(failure(.empty), isServiceDown: false, using: &random) == .fail)
    }

    @Test("nobody reached in all attempts stops the run; a request that was sent fails its item")
    mutating func unreachable() {
        var unreached = machine(attempts: 1)
        #expect(unreached.failed(failure(.network), isServiceDown: false, using: &random) == .stopRun)
        var sent = machine(attempts: 1)
        #expect(sent.failed(failure(.network, billed: true), isServiceDown: false, using: &random) == .fail)
    }

    @Test(
        "a delay of more than a quarter of an hour defers the model",
        arguments: [(900, false), (901, true), (36_903, true)],
        [FailureClass.rateMinute, .rateUnknown, .overloaded, .server]
    )
    mutating func longDelays(delay: (seconds: Int, defers: Bool), failureClass: FailureClass) {
        var machine = machine()
        let action = machine.failed(
            failure(failureClass, retryDelay: .seconds(delay.seconds)),
            isServiceDown: false,
            using: &random
        )
        #expect((action == .deferModel) == delay.defers)
    }

    @Test("only a job that refuses them is told that an answer was cut")
    func refusal() {
        let cut = Answer.scripted("Once", finishReason: "MAX_TOKENS")
        let check = AnswerCheck(AnswerChecks(), config: [:])
        #expect(machine(onTruncation: .accept).refusal(of: cut, by: check) == nil)
        #expect(machine(onTruncation: .fail).refusal(of: .scripted("all"), by: check) == nil)
        let error = machine(onTruncation: .fail).refusal(of: cut, by: check)
        #expect(error?.failureClass == .truncated)
        #expect(error?.partialText == "Once")
        #expect(error?.usage == cut.usage)
        #expect(error?.isPossiblyBilled == true)
    }

    @Test("an answer that the checks refuse is a failure with the problems as its message and the answer kept")
    func checkRefusal() {
        let check = AnswerCheck(AnswerChecks(json: true, minLength: 9), config: [:])
        let answer = Answer.scripted("no")
        let error = machine().refusal(of: answer, by: check)
        #expect(error?.failureClass == .check)
        #expect(error?.message == "the answer has 2 characters, and must have at least 9")
        #expect(error?.partialText == "no")
        #expect(error?.usage == answer.usage)
        #expect(error?.isPossiblyBilled == true)
        let cut = Answer.scripted("no", finishReason: "MAX_TOKENS")
        #expect(machine(onTruncation: .fail).refusal(of: cut, by: check)?.failureClass == .truncated)
    }

    @Test("a refused answer is repaired once for each turn, at once, and other failures do not count against it")
    mutating func repairsOnce() {
        var machine = machine(turns: 2)
        let refused = GenerationError(.check, "title is missing", partialText: "{}", isPossiblyBilled: true)
        #expect(machine.repair == nil)
        #expect(machine.failed(refused, isServiceDown: false, using: &random) == .retry(after: .zero))
        #expect(machine.repair == RepairRequest(answer: "{}", problems: "title is missing"))
        guard case .retry = machine.failed(failure(.server), isServiceDown: false, using: &random) else {
            Issue.record("the repair is not tried again")
            return
        }
        #expect(machine.repair != nil)
        #expect(machine.answered() == .nextTurn)
        #expect(machine.repair == nil)
        #expect(machine.failed(refused, isServiceDown: false, using: &random) == .retry(after: .zero))
        #expect(machine.failed(refused, isServiceDown: false, using: &random) == .fail)
    }

    @Test("a job of one attempt repairs nothing")
    mutating func noRepair() {
        var machine = machine(attempts: 1)
        #expect(machine.failed(failure(.check), isServiceDown: false, using: &random) == .fail)
    }

    @Test("a runaway is tried again once")
    mutating func runaway() {
        var machine = machine()
        guard case .retry = machine.failed(failure(.runaway), isServiceDown: false, using: &random) else {
            Issue.record("the runaway is not tried again")
            return
        }
        #expect(machine.failed(failure(.runaway), isServiceDown: false, using: &random) == .fail)
    }

    @Test("a cut answer is tried again only if the job says so")
    mutating func truncation() {
        var failing = machine(onTruncation: .fail)
        #expect(failing.failed(failure(.truncated), isServiceDown: false, using: &random) == .fail)
        var retrying = machine(onTruncation: .retry)
        guard case .retry = retrying.failed(failure(.truncated), isServiceDown: false, using: &random) else {
            Issue.record("the cut answer is not tried again")
            return
        }
    }
}

@Suite("FailureClass")
struct FailureClassTests {
    @Test("each class has the name that files and commands use, and its declared action")
    func table() {
        let table = FailureClass.allCases.map { "\($0.rawValue) \($0.action.rawValue)" }
        #expect(
            table == [
                "invalid_request fail_item", "auth stop_run", "not_found stop_run", "rate_minute wait_for_gate",
                "rate_day defer_model", "rate_unknown wait_for_gate", "overloaded retry", "server retry",
                "network retry", "tls stop_run", "timeout_first_chunk retry", "timeout_idle retry",
                "timeout_item fail_item", "cut_stream retry", "malformed retry", "too_large fail_item",
                "blocked_prompt fail_item", "safety fail_item", "recitation fail_item", "truncated fail_item",
                "runaway retry", "empty retry", "check repair", "media fail_item",
            ]
        )
    }
}
