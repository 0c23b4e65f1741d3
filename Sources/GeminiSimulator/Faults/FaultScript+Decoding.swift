import JSON

/// What is wrong with a fault script, and where.
package struct FaultScriptError: Error, CustomStringConvertible {
    package let description: String
}

extension FaultScript {
    /// Reads a script from JSON.
    ///
    /// - Throws: ``FaultScriptError`` with the number of the rule, for anything unknown or out of range.
    package init(parsing bytes: [UInt8]) throws(FaultScriptError) {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw FaultScriptError(description: "cannot read the fault script: \(error)")
        }
        guard let elements = document["rules"]?.array, document.object?.count == 1 else {
            throw FaultScriptError(description: "a fault script is an object with one member, the list \"rules\"")
        }
        var rules: [Rule] = []
        for (index, element) in elements.enumerated() {
            var reader = MemberReader(element, place: "rule \(index + 1)")
            rules.append(try Rule(&reader))
        }
        self.init(rules: rules)
    }
}

extension FaultScript.Rule {
    fileprivate init(_ reader: inout MemberReader) throws(FaultScriptError) {
        var faultReader = MemberReader(try reader.required("fault"), place: "\(reader.place), fault")
        self.init(fault: try Fault(&faultReader))
        let match = try reader.string("match") ?? "*"
        self.match = match == "*" ? [] : Array(match.utf8)
        equals = try reader.string("equals")
        model = try reader.string("model")
        if let list = reader.take("attempts") {
            let numbers = list.array?.compactMap(\.int64).filter { $0 > 0 }.map { Int($0) } ?? []
            guard !numbers.isEmpty, numbers.count == list.array?.count else {
                throw reader.error("\"attempts\" must be a list of numbers from 1")
            }
            attempts = Set(numbers)
        }
        every = try reader.integer("every", atLeast: 1)
        if let value = reader.take("probability") {
            guard let probability = value.double, (0...1).contains(probability) else {
                throw reader.error("\"probability\" must be a number from 0 to 1")
            }
            self.probability = probability
        }
        seed = UInt64(try reader.integer("seed", atLeast: 0) ?? 0)
        from = try reader.milliseconds("fromMilliseconds").map { .milliseconds($0) }
        until = try reader.milliseconds("untilMilliseconds").map { .milliseconds($0) }
        try reader.finish()
    }
}

extension Fault {
    fileprivate init(_ reader: inout MemberReader) throws(FaultScriptError) {
        let kind = try reader.string("kind") ?? ""
        guard let read = Self.kinds.first(where: { $0.name == kind })?.read else {
            let names = Self.kinds.map(\.name).joined(separator: ", ")
            throw reader.error("\"kind\" is \"\(kind)\"; it must be one of \(names)")
        }
        self = try read(&reader)
        try reader.finish()
    }

    private typealias Kind = (name: String, read: @Sendable (inout MemberReader) throws(FaultScriptError) -> Fault)

    private static let kinds: [Kind] = [
        ("status", { reader throws(FaultScriptError) in .status(try StatusFault(&reader)) }),
        (
            "cut",
            { reader throws(FaultScriptError) in
                .cut(afterChunks: try reader.chunks(), try reader.choice("how", Cut.allCases) ?? .close)
            }
        ),
        ("stall", { reader throws(FaultScriptError) in .stall(afterChunks: try reader.chunks()) }),
        ("oneBytePerWrite", { _ throws(FaultScriptError) in .oneBytePerWrite }),
        (
            "errorInStream",
            { reader throws(FaultScriptError) in
                .errorInStream(afterChunks: try reader.chunks(), try StatusFault(&reader))
            }
        ),
        ("bareError", { reader throws(FaultScriptError) in .bareError(try StatusFault(&reader)) }),
        ("emptyStream", { _ throws(FaultScriptError) in .emptyStream }),
        ("usageOnly", { _ throws(FaultScriptError) in .usageOnly }),
        (
            "blockedPrompt",
            { reader throws(FaultScriptError) in
                .blockedPrompt(reason: try reader.string("reason") ?? "PROHIBITED_CONTENT")
            }
        ),
        (
            "finishReason",
            { reader throws(FaultScriptError) in
                .finishReason(
                    try reader.string("reason") ?? "SAFETY",
                    afterChunks: try reader.integer("afterChunks", atLeast: 0)
                )
            }
        ),
        (
            "continuation",
            { reader throws(FaultScriptError) in
                .continuation(afterChunks: try reader.integer("afterChunks", atLeast: 1) ?? 2)
            }
        ),
        ("noFinishReason", { _ throws(FaultScriptError) in .noFinishReason }),
        ("framing", { reader throws(FaultScriptError) in .framing(try reader.framing()) }),
        (
            "gzip",
            { reader throws(FaultScriptError) in .gzip(hugeLineBytes: try reader.integer("hugeLineBytes", atLeast: 1)) }
        ),
        (
            "hugeLine",
            { reader throws(FaultScriptError) in .hugeLine(bytes: try reader.integer("bytes", atLeast: 1) ?? 40 << 20) }
        ),
        ("endlessLine", { _ throws(FaultScriptError) in .endlessLine }),
        (
            "headerFlood",
            { reader throws(FaultScriptError) in
                .headerFlood(
                    count: try reader.integer("count", atLeast: 1) ?? 400,
                    bytes: try reader.integer("bytes", atLeast: 1) ?? 1024
                )
            }
        ),
        (
            "invalidUTF8",
            { reader throws(FaultScriptError) in .invalidUTF8(atChunk: try reader.integer("atChunk", atLeast: 1) ?? 1) }
        ),
        (
            "brokenJSON",
            { reader throws(FaultScriptError) in .brokenJSON(atChunk: try reader.integer("atChunk", atLeast: 1) ?? 1) }
        ),
        (
            "delay",
            { reader throws(FaultScriptError) in
                .delay(
                    DelayFault(
                        beforeHead: try reader.milliseconds("beforeHeadMilliseconds"),
                        beforeFirstChunk: try reader.milliseconds("beforeFirstChunkMilliseconds"),
                        betweenChunks: try reader.milliseconds("betweenChunksMilliseconds")
                    )
                )
            }
        ),
        ("text", { reader throws(FaultScriptError) in .text(try reader.string("text") ?? "") }),
        (
            "usage",
            { reader throws(FaultScriptError) in
                .usage(try reader.choice("style", PlannedAnswer.UsageStyle.allCases) ?? .missing)
            }
        ),
        (
            "cutUpload",
            { reader throws(FaultScriptError) in .cutUpload(afterBytes: try reader.integer("afterBytes", atLeast: 0)) }
        ),
        ("failedFile", { _ throws(FaultScriptError) in .failedFile }),
    ]
}

extension StatusFault {
    fileprivate init(_ reader: inout MemberReader) throws(FaultScriptError) {
        guard let status = try reader.integer("status", atLeast: 200), status < 600 else {
            throw reader.error("\"status\" must be a number from 200 to 599")
        }
        self.init(status: status)
        body = try reader.choice("body", Body.allCases)
        name = try reader.string("name")
        message = try reader.string("message")
        reason = try reader.string("reason")
        quota = try reader.choice("quota", APIError.Quota.allCases) ?? .minute
        quotaID = try reader.string("quotaId")
        quotaValue = try reader.string("quotaValue")
        retryDelay = try reader.string("retryDelay")
        retryAfter = try reader.string("retryAfter")
        location = try reader.string("location")
        isWrappedInArray = try reader.bool("wrapInArray") ?? false
    }
}

/// Takes members out of an object one by one, so that what is left over can be reported.
private struct MemberReader {
    let place: String
    private var members: JSONObject
    private let isObject: Bool

    init(_ value: JSONValue, place: String) {
        self.place = place
        members = value.object ?? [:]
        isObject = value.object != nil
    }

    func error(_ problem: String) -> FaultScriptError {
        FaultScriptError(description: "fault script, \(place): \(problem)")
    }

    mutating func take(_ name: String) -> JSONValue? {
        defer { members[name] = nil }
        return members[name]
    }

    mutating func required(_ name: String) throws(FaultScriptError) -> JSONValue {
        guard let value = take(name) else { throw error("\"\(name)\" is missing") }
        return value
    }

    mutating func string(_ name: String) throws(FaultScriptError) -> String? {
        guard let value = take(name) else { return nil }
        guard let string = value.string else { throw error("\"\(name)\" must be a string") }
        return string
    }

    mutating func bool(_ name: String) throws(FaultScriptError) -> Bool? {
        guard let value = take(name) else { return nil }
        guard let bool = value.bool else { throw error("\"\(name)\" must be true or false") }
        return bool
    }

    mutating func integer(_ name: String, atLeast least: Int) throws(FaultScriptError) -> Int? {
        guard let value = take(name) else { return nil }
        guard let integer = value.int64, integer >= least, integer <= 1 << 40 else {
            throw error("\"\(name)\" must be a whole number from \(least)")
        }
        return Int(integer)
    }

    mutating func milliseconds(_ name: String) throws(FaultScriptError) -> Int64? {
        try integer(name, atLeast: 0).map { Int64($0) }
    }

    mutating func chunks() throws(FaultScriptError) -> Int {
        try integer("afterChunks", atLeast: 0) ?? 2
    }

    mutating func choice<Choice: RawRepresentable<String>>(
        _ name: String,
        _ choices: [Choice]
    ) throws(FaultScriptError) -> Choice? {
        guard let text = try string(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = choices.map(\.rawValue).joined(separator: ", ")
            throw error("\"\(name)\" is \"\(text)\"; it must be one of \(names)")
        }
        return choice
    }

    mutating func framing() throws(FaultScriptError) -> Framing {
        let value = try required("styles")
        var framing = Framing()
        for style in value.array ?? [value] {
            guard let known = Framing.named.first(where: { $0.name == style.string }) else {
                let names = Framing.named.map(\.name).joined(separator: ", ")
                throw error("\"styles\" holds \(style.text); it may hold \(names)")
            }
            framing.insert(known.framing)
        }
        return framing
    }

    func finish() throws(FaultScriptError) {
        guard isObject else { throw error("expected an object") }
        if let name = members.keys.first { throw error("\"\(name)\" is not known here") }
    }
}
