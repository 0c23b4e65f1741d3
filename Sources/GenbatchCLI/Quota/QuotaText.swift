internal import BatchCore
internal import JSON
internal import QuotaLedger
internal import Terminal

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What `quota` prints: for people in lines, for programs as one object.
struct QuotaText {
    let path: String
    let totals: LedgerTotals
    let caps: SpendingCaps
    let quotas: [QuotaKnowledge]
    /// Unix time in milliseconds.
    let now: Int64

    // MARK: For people

    var lines: [String] {
        var lines = ["ledger      \(path)"]
        lines.append("today       \(spending(totals.today, of: caps.perDay))")
        lines.append("month       \(spending(totals.month, of: caps.perMonth))")
        lines.append("new day     \(moment(totals.day.endsAt)), midnight in California")
        let accounts = Set(quotas.map(\.name.account))
        for quota in quotas {
            let account = accounts.count > 1 ? ", account \(quota.name.account)" : ""
            lines.append("")
            lines.append("\(quota.name.model), \(quota.name.tier)\(account)")
            lines += facts(quota).map { "  " + $0 }
        }
        return lines
    }

    private func facts(_ quota: QuotaKnowledge) -> [String] {
        var facts: [String] = []
        let paces = [(quota.learned.requestsPerMinute, "requests"), (quota.learned.tokensPerMinute, "input tokens")]
            .compactMap { pace, what in pace.map { "\(Figures.count(Int(min($0, 1e15).rounded()))) \(what)" } }
        if let learnedAt = quota.paceLearnedAt, !paces.isEmpty {
            let age = Figures.duration(.milliseconds(now - learnedAt))
            facts.append("pace      \(paces.joined(separator: " and ")) a minute, learned \(age) ago")
        }
        if let limit = quota.learned.requestsPerDay {
            facts.append("limit     \(Figures.count(limit, "request")) a day")
        }
        if let end = quota.spentUntil {
            facts.append("spent     until \(moment(end))")
        }
        let use = quota.today
        let tokens = "\(Figures.count(use.inputTokens)) input and \(Figures.count(use.outputTokens)) output tokens"
        facts.append("today     \(spending(use, of: nil)), \(tokens)")
        return facts
    }

    private func spending(_ use: QuotaUse, of cap: MicroDollars?) -> String {
        let unknown = use.cost.unpricedAttempts
        return "\(use.cost.known)\(cap.map { " of \($0)" } ?? "") for \(Figures.count(use.requests, "request"))"
            + (unknown > 0 ? ", \(Figures.count(unknown)) of them of unknown cost" : "")
            + (use.reserved > .zero ? "; under caps it counts as \(use.counted)" : "")
    }

    /// A moment by the clock of this machine: `Monday at 09:00 (in 5h 12m)`.
    private func moment(_ unixMilliseconds: Int64) -> String {
        var seconds = time_t(unixMilliseconds / 1000)
        var parts = tm()
        var buffer = [CChar](repeating: 0, count: 64)
        localtime_r(&seconds, &parts)
        let count = strftime(&buffer, buffer.count, "%A at %H:%M", &parts)
        let words = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(words) (in \(Figures.duration(.milliseconds(unixMilliseconds - now))))"
    }

    // MARK: For programs

    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("ledger", path)
            writer.member("day", totals.day.description)
            writer.member("resets_at", Timestamp.rfc3339(unixMilliseconds: totals.day.endsAt))
            writer.key("spending")
            writer.object { writer in
                write("day", totals.today, cap: caps.perDay, to: &writer)
                write("month", totals.month, cap: caps.perMonth, to: &writer)
            }
            writer.key("quotas")
            writer.array { writer in
                for quota in quotas {
                    write(quota, to: &writer)
                }
            }
        }
        return writer.text
    }

    private func write(_ name: StaticString, _ use: QuotaUse, cap: MicroDollars?, to writer: inout JSONWriter) {
        writer.key(name)
        writer.object { writer in
            members(use, to: &writer)
            writer.key("cap_usd")
            writer.literal(cap?.decimal ?? "null")
        }
    }

    private func write(_ quota: QuotaKnowledge, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("account", quota.name.account)
            writer.member("model", quota.name.model)
            writer.member("tier", quota.name.tier)
            writer.key("requests_per_minute")
            writer.literal(quota.learned.requestsPerMinute.map { "\($0)" } ?? "null")
            writer.key("tokens_per_minute")
            writer.literal(quota.learned.tokensPerMinute.map { "\($0)" } ?? "null")
            writer.member("pace_learned_at", orNull: quota.paceLearnedAt.map(Timestamp.rfc3339))
            writer.member("requests_per_day", orNull: quota.learned.requestsPerDay)
            writer.member("spent_until", orNull: quota.spentUntil.map(Timestamp.rfc3339))
            writer.key("today")
            writer.object { members(quota.today, to: &$0) }
        }
    }

    private func members(_ use: QuotaUse, to writer: inout JSONWriter) {
        writer.member("requests", use.requests)
        writer.member("input_tokens", use.inputTokens)
        writer.member("output_tokens", use.outputTokens)
        writer.key("cost_usd")
        writer.literal(use.cost.known.decimal)
        writer.member("unpriced_requests", use.cost.unpricedAttempts)
        writer.key("reserved_usd")
        writer.literal(use.reserved.decimal)
    }
}
