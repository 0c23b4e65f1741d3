internal import ArgumentParser
internal import QuotaLedger

struct QuotaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quota",
        abstract: "Show what is known of quotas and what was spent, by all jobs of this machine.",
        discussion: """
            EXAMPLES:
              genbatch quota
              genbatch quota gemini-3.8-flash
              genbatch quota --forget gemini-3.8-flash
              genbatch quota --json | jq .spending.day.cost_usd

            Runs write down the pace that they have found out, daily limits that the service has named, and what each day \
            used and cost; the next run of any job begins with that. The service counts days from midnight to midnight in \
            California.

            --forget lets limits and paces be found out anew, for example after a change of the plan. What was used and \
            spent stays.
            """
    )

    @Argument(help: "Only this model (default: all).")
    var model: String?

    @Flag(help: "Forget the limits and paces that were learned.")
    var forget = false

    @Flag(help: "Write one JSON object.")
    var json = false

    func validate() throws {
        if forget, json {
            throw ValidationError("--forget shows nothing; leave out --json")
        }
    }

    func run() async throws {
        let path = try SharedLedger.path()
        guard let ledger = try Ledger(existing: path) else {
            let words = "nothing is known yet: the first run makes \(path)\n"
            return try StandardOutput.write(json ? "{\"ledger\":null,\"quotas\":[]}\n" : words)
        }
        if forget {
            return try forget(in: ledger)
        }
        let now = SystemClock().unixMilliseconds()
        let quotas = try ledger.knowledge(at: now).filter { model == nil || $0.name.model == model }
        let text = QuotaText(
            path: path,
            totals: try ledger.totals(at: now),
            caps: try SharedLedger.caps(),
            quotas: quotas,
            now: now
        )
        try StandardOutput.write((json ? text.json : text.lines.joined(separator: "\n")) + "\n")
    }

    private func forget(in ledger: Ledger) throws {
        let count = try ledger.forget(model: model)
        guard count > 0 else {
            return try StandardOutput.write("nothing was known\(model.map { " of \($0)" } ?? "")\n")
        }
        try StandardOutput.write("forgot \(count == 1 ? "1 quota" : "\(count) quotas")\n")
    }
}
