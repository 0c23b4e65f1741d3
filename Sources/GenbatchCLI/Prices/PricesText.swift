internal import BatchCore
internal import JSON
internal import Terminal

/// What `prices` prints: for people in lines, for programs as one object.
struct PricesText {
    private let table: PriceTable
    private let listings: [PriceListing]

    init(_ table: PriceTable, at unixMilliseconds: Int64) {
        self.table = table
        listings = table.listings(from: unixMilliseconds)
    }

    // MARK: Text

    var lines: [String] {
        var lines = ["US dollars per million tokens" + (table.date.map { ", table of \($0)" } ?? "")]
        lines += table.layers.dropFirst().map { "changed by \($0.origin)" + ($0.date.map { " of \($0)" } ?? "") }
        lines += ["", "all models"] + table.generalFactors.map { line(for: $0, in: nil) }
        for listing in listings {
            lines += ["", listing.model]
            for period in listing.periods {
                lines += period.start.map { ["  from \(Self.day($0))"] } ?? []
                lines += period.entries.map { line(for: $0, in: period) }
            }
        }
        return lines.map(TerminalText.escapeLine)
    }

    private func line(for entry: PriceListing.Entry, in period: PriceListing.Period?) -> String {
        let (name, amount) =
            switch entry.kind {
            case .rate(let component): (component.rawValue, "\(entry.amount)")
            case .largePromptRate(let component):
                (component.rawValue + largePrompt(period), "\(entry.amount)")
            case .factor(let tier): (tier.rawValue, "x \("\(entry.amount)".dropFirst())")
            }
        let asOf = entry.asOf.map { ", as of \($0)" } ?? ""
        return "  \(Self.padded(name, 34)) \(Self.padded(amount, 10)) \(entry.origin)\(asOf)"
    }

    private func largePrompt(_ period: PriceListing.Period?) -> String {
        period?.largePromptLimit.map { ", prompt above \(Figures.count($0))" } ?? ""
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func day(_ unixMilliseconds: Int64) -> String {
        String(Timestamp.rfc3339(unixMilliseconds: unixMilliseconds).prefix(10))
    }

    // MARK: JSON

    var json: String {
        let tables = table.layers.map { layer -> JSONValue in
            ["origin": .string(layer.origin), "date": Self.orNull(layer.date)]
        }
        let models = listings.map { listing -> JSONValue in
            ["model": .string(listing.model), "prices": .array(listing.periods.map(Self.value))]
        }
        let value: JSONValue = [
            "date": Self.orNull(table.date), "tables": .array(tables),
            "factors": .array(table.generalFactors.map { Self.value($0, in: nil) }), "models": .array(models),
        ]
        return value.text
    }

    private static func value(_ period: PriceListing.Period) -> JSONValue {
        func isFactor(_ entry: PriceListing.Entry) -> Bool {
            if case .factor = entry.kind { true } else { false }
        }
        let entries = period.entries
        return [
            "from": orNull(period.start.map(day)),
            "rates": .array(entries.filter { !isFactor($0) }.map { value($0, in: period) }),
            "factors": .array(entries.filter(isFactor).map { value($0, in: period) }),
        ]
    }

    private static func value(_ entry: PriceListing.Entry, in period: PriceListing.Period?) -> JSONValue {
        let amount = JSONValue.number(JSONNumber(digits: entry.amount.decimal))
        var object: JSONObject
        switch entry.kind {
        case .rate(let component):
            object = ["tokens": .string(component.rawValue), "prompt_above": nil, "usd_per_million": amount]
        case .largePromptRate(let component):
            let limit = period?.largePromptLimit.map { JSONValue.number(JSONNumber($0)) } ?? .null
            object = ["tokens": .string(component.rawValue), "prompt_above": limit, "usd_per_million": amount]
        case .factor(let tier):
            object = ["tier": .string(tier.rawValue), "factor": amount]
        }
        object["origin"] = .string(entry.origin)
        object["as_of"] = orNull(entry.asOf)
        return .object(object)
    }

    private static func orNull(_ text: String?) -> JSONValue {
        text.map(JSONValue.string) ?? .null
    }
}
