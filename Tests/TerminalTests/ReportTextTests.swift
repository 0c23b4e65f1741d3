import BatchCore
import Testing

@testable import Terminal

@Suite struct ReportTextTests {
    @Test("the plan tells what is new, changed, left over and done")
    func plan() {
        var plan = RunPlan()
        plan.new = 800
        plan.changed = 3
        plan.pending = 12
        plan.done = 1180
        plan.failed = 5
        plan.orphaned = 7
        #expect(
            ReportText.plan(plan) == [
                "2,000 items: 815 to run (800 new, 3 changed, 12 left over), 1,180 done, 5 failed before, 7 no longer in the job"
            ]
        )
        #expect(ReportText.plan(RunPlan()) == ["0 items: 0 to run"])
    }

    @Test("items that may be billed twice are owned up to")
    func billedTwice() {
        var plan = RunPlan()
        plan.pending = 2
        plan.possiblyBilledTwice = 2
        #expect(
            ReportText.plan(plan).last == "possibly billed twice: 2 items in flight when an earlier run was cut off"
        )
    }

    @Test("a choice is told beside what there is, with what of it is not sent")
    func choice() {
        var plan = RunPlan()
        (plan.new, plan.done, plan.failed) = (3, 2, 1)
        plan.choice = RunPlan.Choice()
        plan.choice?.toRun = 1
        #expect(
            ReportText.plan(plan) == ["6 items: 1 to run, chosen from 3 (3 new), 2 done, 1 failed before"]
        )
        plan.choice?.done = 2
        plan.choice?.failed = 1
        #expect(ReportText.plan(plan).last == "chosen and not sent: 2 done, 1 failed before")
    }

    @Test("the items of the job add up on one line, and what is left is counted there")
    func balance() {
        var plan = RunPlan()
        plan.new = 1000
        plan.choice = RunPlan.Choice()
        plan.choice?.toRun = 990
        var summary = Self.summary()
        summary.balance = ItemBalance([.done: 1990, .failed: 2, .pending: 10])
        let lines = ReportText.summary(summary, plan: plan, next: .sample)
        #expect(lines.contains("  items     2,002 = 1,990 done + 2 failed + 10 pending"))
        #expect(lines.contains("  to go on  genbatch resume job.yaml   (10 items left)"))
    }

    private static func summary() -> RunSummary {
        var summary = RunSummary()
        summary.done = 990
        summary.requests = 1012
        summary.retries = 22
        summary.usage = TokenUsage(promptTokens: 120_433, outputTokens: 88_120, thoughtTokens: 12_000)
        summary.cost = CostSum(known: MicroDollars(336_480))
        summary.priceDate = "2026-11-19"
        summary.elapsed = .seconds(125)
        return summary
    }

    @Test("a run without trouble ends in five lines")
    func completed() {
        var plan = RunPlan()
        plan.new = 990
        let summary = Self.summary()
        #expect(
            ReportText.summary(summary, plan: plan, next: .sample) == [
                "finished in 2m 5s: 990 done",
                "  requests  1,012, 22 of them retries",
                "  tokens    120,433 in, 88,120 out, 12,000 thoughts",
                "  cost      $0.33648 at the prices of 2026-11-19",
                "  results   genbatch export job.yaml",
            ]
        )
        #expect(!ReportText.leavesWork(summary))
    }

    @Test("a run with failures tells their classes and where to look")
    func failures() {
        var plan = RunPlan()
        plan.new = 1000
        var summary = Self.summary()
        summary.failed = 8
        summary.deferred = 2
        summary.failuresByClass = [.check: 3, .safety: 5]
        #expect(
            ReportText.summary(summary, plan: plan, next: .sample) == [
                "finished in 2m 5s: 990 done, 8 failed, 2 deferred",
                "  failed    5 safety, 3 check",
                "  requests  1,012, 22 of them retries",
                "  tokens    120,433 in, 88,120 out, 12,000 thoughts",
                "  cost      $0.33648 at the prices of 2026-11-19",
                "  to go on  genbatch resume job.yaml   (2 items left)",
                "  failures  genbatch failures job.yaml",
                "  results   genbatch export job.yaml",
            ]
        )
        #expect(ReportText.leavesWork(summary))
    }

    @Test("why items are left for a later run is told for each model")
    func closedModels() {
        var summary = Self.summary()
        summary.closedModels = [
            "n": GenerationError(.rateDay, "the requests of the day are spent"),
            "m": GenerationError(.auth, "not in the plan\u{1B}[2J"),
        ]
        let lines = ReportText.summary(summary, plan: nil, next: .sample)
        #expect(
            lines.filter { $0.hasPrefix("  because") } == [
                "  because   m: not in the plan\\x1b[2J", "  because   n: the requests of the day are spent",
            ]
        )
    }

    @Test("a run that was stopped says why, in words that cannot steer the terminal")
    func stopped() {
        var plan = RunPlan()
        plan.new = 5
        var summary = RunSummary()
        summary.ending = .stopped(GenerationError(.auth, "the key was rejected\u{1B}[2J"))
        #expect(
            ReportText.summary(summary, plan: plan, next: .sample) == [
                "stopped after 0s: 0 done",
                "  because   auth: the key was rejected\\x1b[2J",
                "  to go on  genbatch resume job.yaml   (5 items left)",
            ]
        )
        #expect(ReportText.leavesWork(summary))
    }

    @Test("an interrupted run tells how to go on, also before its plan was known")
    func interrupted() {
        var summary = RunSummary()
        summary.ending = .interrupted
        let lines = ReportText.summary(summary, plan: nil, next: .sample)
        #expect(lines.contains("  to go on  genbatch resume job.yaml   (the rest)"))
        #expect(ReportText.leavesWork(summary))
    }

    @Test("a cost is told as far as it is known")
    func cost() {
        var sum = CostSum(known: MicroDollars(1_500_000))
        #expect(ReportText.cost(sum) == "$1.50")
        sum.add(nil)
        #expect(ReportText.cost(sum) == "$1.50, and 1 attempt of unknown cost")
        #expect(ReportText.cost(CostSum(unpricedAttempts: 2)) == "unknown")
    }

    @Test("models that answer for others are told on lines that cannot steer the terminal")
    func otherModels() {
        var desk = NewsDesk()
        desk.apply(.otherModel(asked: "gemini-2.5-pro", answered: "gemini-3.8-flash", isPriced: true))
        desk.apply(.otherModel(asked: "a", answered: "b\u{1B}[2J", isPriced: false))
        #expect(
            desk.take().lines(failures: []) == [
                "gemini-2.5-pro was answered by gemini-3.8-flash; priced as that",
                "a was answered by b\\x1b[2J; its cost is unknown",
            ]
        )
    }

    @Test("news keeps the first failures, counts the others, and tells a reason once")
    func newsDesk() {
        var desk = NewsDesk()
        for number in 1...50 {
            desk.apply(.failed(number))
            desk.apply(.itemDeferred(ItemID(Int64(number)), key: "k", reason: "daily quota"))
        }
        let news = desk.take()
        #expect(news.failures.count == 20)
        #expect(news.omittedFailures == 30)
        #expect(news.deferralReasons == ["daily quota"])
        desk.apply(.itemDeferred(ItemID(51), key: "k", reason: "daily quota"))
        #expect(desk.take().isEmpty)
    }
}
