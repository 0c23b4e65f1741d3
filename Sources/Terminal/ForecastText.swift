package import BatchCore
package import JSON

/// What is said about a run before it: in a line or a table for people, as members of an object for programs.
package enum ForecastText {
    /// All in one line: requests, tokens, cost and time.
    ///
    /// - Parameter forecast: Of the run.
    /// - Returns: The line, safe for a terminal; `nil` if there is nothing to send.
    package static func line(_ forecast: Forecast) -> String? {
        guard forecast.requests > 0 else { return nil }
        let input = Figures.approximate(forecast.inputTokens)
        let tokens = "\(input) input + \(range(forecast.outputTokens)) output tokens"
        let requests = Figures.count(forecast.requests, "request")
        let price = forecast.knownCost == nil ? "cost unknown" : cost(forecast)
        let line = "estimate: \(requests), \(tokens), \(price), \(time(forecast))"
        let stops = forecast.stops.first.map { ", \(words(for: $0))" } ?? ""
        let most = forecast.mostBeyondCaps.map { "; caps are exceeded by \(amount($0)) at most" } ?? ""
        return TerminalText.escapeLine(line + stops + most)
    }

    /// The same as a table, with what it is worked out from.
    ///
    /// - Parameter forecast: Of the run.
    /// - Returns: Lines that begin with a name in twelve columns, safe for a terminal.
    package static func lines(_ forecast: Forecast) -> [String] {
        let requests = forecast.requests
        var lines = ["requests    \(Figures.count(requests))" + (requests > 0 ? ", repetitions not counted" : "")]
        guard requests > 0 else { return lines }
        for part in forecast.parts {
            let counts = "\(Figures.count(part.items, "item")), \(Figures.count(part.requests, "request"))"
            lines.append("            \(name(of: part)): \(counts), \(cost(part))")
            lines.append("              input  \(Figures.approximate(part.inputTokens)) tokens, \(inputBasis(part))")
            lines.append("              output \(range(part.outputTokens)) tokens, \(outputBasis(part))")
        }
        lines.append("cost        \(cost(forecast))")
        lines.append("time        about \(duration(forecast))")
        if let bound = forecast.bound {
            lines.append("limited by  \(words(for: bound))")
        }
        lines += forecast.stops.map { "            \(words(for: $0))" }
        if let most = forecast.mostBeyondCaps {
            lines.append(
                "caps        are exceeded by \(amount(most)) at most, by what is in flight when they are reached"
            )
        }
        return lines.map(TerminalText.escapeLine)
    }

    /// For example `$0.20 or 12,500 tokens`: not rounded, as it is the most.
    static func amount(_ most: Spending) -> String {
        let tokens = "\(Figures.count(most.tokens)) tokens"
        return most.cost == .zero ? tokens : "\(most.cost) or \(tokens)"
    }

    /// The same in the unit of a cap.
    static func amount(_ most: Spending, of cap: Cap) -> String {
        if case .jobTokens = cap.kind { return "\(Figures.count(most.tokens)) tokens" }
        return most.cost.description
    }

    // MARK: Words

    /// For example `$0.40–1.10`, and what is not in it.
    private static func cost(_ forecast: Forecast) -> String {
        let unknown = forecast.unpricedModels
        guard let cost = forecast.knownCost else { return "unknown" }
        let more = unknown.isEmpty ? "" : " and the unknown cost of \(Set(unknown).sorted().joined(separator: ", "))"
        return Figures.dollars(from: cost.low, to: cost.high) + more
    }

    private static func cost(_ part: Forecast.Part) -> String {
        guard let cost = part.cost else { return "cost unknown, as there is no price (see `genbatch prices`)" }
        let date = part.priceDate.map { ", prices of \($0)" } ?? ""
        let day = part.priceChange.map { Timestamp.rfc3339(unixMilliseconds: $0).prefix(10) }
        let change = day.map { ", which change on \($0)" } ?? ""
        return Figures.dollars(from: cost.low, to: cost.high) + date + (date.isEmpty ? "" : change)
    }

    private static func time(_ forecast: Forecast) -> String {
        let time = "about \(duration(forecast))"
        guard let bound = forecast.bound else { return time }
        return "\(time) (\(shortWords(for: bound)))"
    }

    private static func duration(_ forecast: Forecast) -> String {
        Figures.duration(max(forecast.duration, .seconds(1)))
    }

    private static func name(of part: Forecast.Part) -> String {
        part.tier == .standard ? part.model : "\(part.model), \(part.tier.rawValue)"
    }

    private static func range(_ span: Forecast.Span<Int>) -> String {
        let (low, high) = (Figures.approximate(span.low), Figures.approximate(span.high))
        return low == high ? low : "\(low)–\(high)"
    }

    private static func inputBasis(_ part: Forecast.Part) -> String {
        if let counted = part.counted {
            return "scaled by what the server counted of \(Figures.count(counted.requests, "request"))"
        }
        let media = part.media > 0 ? ", \(Figures.count(part.media)) media by kind and size" : ""
        return "four bytes a token\(media); --count-tokens has the server count some"
    }

    private static func outputBasis(_ part: Forecast.Part) -> String {
        switch part.outputBasis {
        case .history(let answers):
            "median and 95th percentile of the last \(Figures.count(answers)) answers"
        case .guess:
            "half to twice a guess: half of max_output_tokens, else \(Workload.guessedOutput) a request"
        }
    }

    /// What binds, within the line.
    private static func shortWords(for bound: Forecast.Bound) -> String {
        switch bound {
        case .requestsPerMinute(_, let count, _): "\(Figures.count(count, "request"))/min"
        case .tokensPerMinute(_, let count, _): "\(Figures.approximate(count)) tokens/min"
        case .requestsPerDay(_, let count): "\(Figures.count(count, "request"))/day"
        case .closed(let model, let end, _): "nothing of \(model) before \(Timestamp.rfc3339(unixMilliseconds: end))"
        case .firstPace: "limits not known yet"
        case .concurrency(let count, _): "\(Figures.count(count)) at once"
        }
    }

    /// What binds, and where that is known from.
    package static func words(for bound: Forecast.Bound) -> String {
        switch bound {
        case .requestsPerMinute(let model, let count, let isLearned):
            return "requests per minute of \(model): \(Figures.count(count))\(origin(isLearned))"
        case .tokensPerMinute(let model, let count, let isLearned):
            return "input tokens per minute of \(model): \(Figures.count(count))\(origin(isLearned))"
        case .requestsPerDay(let model, let count):
            return "requests per day of \(model): \(Figures.count(count)); what is left takes a run on each further day"
        case .closed(let model, let end, let isWaitedFor):
            let time = Timestamp.rfc3339(unixMilliseconds: end)
            let what = isWaitedFor ? "which a run waits for" : "and a run before that leaves its items for later"
            return "the service, which lets nothing of \(model) through before \(time), \(what)"
        case .firstPace(let model):
            return "the first pace of \(model), which grows until the service refuses: its limits are not known yet"
        case .concurrency(let count, let time):
            return "requests at once: \(Figures.count(count)), of about \(Figures.rate(time.inSeconds)) s each"
        }
    }

    /// For example `stops at the cap of $5.00, of which $1.20 is left`.
    private static func words(for stop: ExpectedStop) -> String {
        let verb = stop.isCertain ? "stops" : "may stop"
        return switch stop.cap {
        case .cost(let cap, let left): "\(verb) at the cap of \(cap), of which \(left) is left"
        case .tokens(let cap, let left):
            "\(verb) at the cap of \(Figures.approximate(cap)) tokens, of which \(Figures.approximate(left)) are left"
        case .costPerDay(let cap, let left): "\(verb) at the cap of \(cap) a day, of which \(left) is left"
        case .costPerMonth(let cap, let left): "\(verb) at the cap of \(cap) a month, of which \(left) is left"
        case .duration(let cap): "\(verb) after \(Figures.duration(cap)), which is the most that a run may take"
        }
    }

    private static func origin(_ isLearned: Bool) -> String {
        isLearned ? ", learned by earlier runs" : ", set by you"
    }
}

// MARK: For programs

extension ForecastText {
    /// Writes the figures of the whole run as members of the object that is open.
    package static func write(_ forecast: Forecast, to writer: inout JSONWriter) {
        writer.member("requests", forecast.requests)
        writer.member("input_tokens", forecast.inputTokens)
        write("output_tokens", forecast.outputTokens, to: &writer)
        write("cost_usd", forecast.knownCost, to: &writer)
        writer.member("unpriced_models", .array(Set(forecast.unpricedModels).sorted().map(JSONValue.string)))
        writer.member("duration_s", forecast.duration.components.seconds)
        writer.key("limited_by")
        write(forecast.bound, to: &writer)
        writer.key("stops_at")
        writer.array { writer in
            for stop in forecast.stops {
                write(stop, to: &writer)
            }
        }
        writer.key("beyond_caps")
        guard let most = forecast.mostBeyondCaps else { return writer.literal("null") }
        writer.object { writer in
            writer.key("cost_usd")
            writer.literal(most.cost.decimal)
            writer.member("tokens", most.tokens)
        }
    }

    /// Writes what one model is sent in one tier as an object.
    package static func write(_ part: Forecast.Part, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("model", part.model)
            writer.member("service_tier", part.tier.rawValue)
            writer.member("items", part.items)
            writer.member("requests", part.requests)
            writer.member("media", part.media)
            writer.member("input_tokens", part.inputTokens)
            writer.member("counted_requests", part.counted?.requests ?? 0)
            write("output_tokens", part.outputTokens, to: &writer)
            if case .history(let answers) = part.outputBasis {
                writer.member("history_answers", answers)
            } else {
                writer.member("history_answers", 0)
            }
            write("cost_usd", part.cost, to: &writer)
            writer.member("price_date", part.priceDate.map(JSONValue.string) ?? .null)
            let change = part.priceChange.map { JSONValue.string(Timestamp.rfc3339(unixMilliseconds: $0)) }
            writer.member("price_changes_at", change ?? .null)
        }
    }

    private static func write(_ name: StaticString, _ span: Forecast.Span<Int>, to writer: inout JSONWriter) {
        writer.key(name)
        writer.object { writer in
            writer.member("low", span.low)
            writer.member("high", span.high)
        }
    }

    private static func write(_ name: StaticString, _ span: Forecast.Span<MicroDollars>?, to writer: inout JSONWriter) {
        writer.key(name)
        guard let span else { return writer.literal("null") }
        writer.object { writer in
            writer.key("low")
            writer.literal(span.low.decimal)
            writer.key("high")
            writer.literal(span.high.decimal)
        }
    }

    private static func write(_ stop: ExpectedStop, to writer: inout JSONWriter) {
        let (name, value, left): (String, String, String?) =
            switch stop.cap {
            case .cost(let cap, let left): ("cost_usd", cap.decimal, left.decimal)
            case .tokens(let cap, let left): ("total_tokens", "\(cap)", "\(left)")
            case .costPerDay(let cap, let left): ("cost_usd_per_day", cap.decimal, left.decimal)
            case .costPerMonth(let cap, let left): ("cost_usd_per_month", cap.decimal, left.decimal)
            case .duration(let cap): ("duration_s", "\(cap.components.seconds)", nil)
            }
        writer.object { writer in
            writer.member("cap", name)
            writer.key("value")
            writer.literal(value)
            writer.key("left")
            writer.literal(left ?? "null")
            writer.member("certain", stop.isCertain)
        }
    }

    private static func write(_ bound: Forecast.Bound?, to writer: inout JSONWriter) {
        guard let bound else { return writer.literal("null") }
        let (name, model, limit): (String, String?, Int?) =
            switch bound {
            case .requestsPerMinute(let model, let count, _): ("requests_per_minute", model, count)
            case .tokensPerMinute(let model, let count, _): ("tokens_per_minute", model, count)
            case .requestsPerDay(let model, let count): ("requests_per_day", model, count)
            case .closed(let model, _, _): ("closed", model, nil)
            case .firstPace(let model): ("first_pace", model, nil)
            case .concurrency(let count, _): ("concurrency", nil, count)
            }
        writer.object { writer in
            writer.member("limit", name)
            writer.member("model", model.map(JSONValue.string) ?? .null)
            writer.key("value")
            writer.literal(limit.map { String($0) } ?? "null")
        }
    }
}
