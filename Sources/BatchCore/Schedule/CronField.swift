/// One of the five fields of a cron expression: the numbers that it names.
package struct CronField: Sendable, Equatable {
    /// What a field may hold.
    package struct Kind: Sendable, Equatable {
        let name: String
        let range: ClosedRange<Int>
        /// Words for the numbers from the start of the range on.
        let words: [String]

        static let minute = Kind(name: "minute", range: 0...59, words: [])
        static let hour = Kind(name: "hour", range: 0...23, words: [])
        static let day = Kind(name: "day of the month", range: 1...31, words: [])
        static let month = Kind(
            name: "month",
            range: 1...12,
            words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        )
        /// Sunday is both 0 and 7.
        static let weekday = Kind(
            name: "day of the week",
            range: 0...7,
            words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        )
    }

    package let text: String
    /// In ascending order; Sunday is 0.
    package let numbers: [Int]
    /// Whether it begins with a star, which matters to how two fields of days and the two nights of a change of clocks
    /// are read.
    package var hasStar: Bool { text.hasPrefix("*") }

    /// Reads lists of numbers, ranges and steps: `*`, `5`, `1-5`, `*/15`, `8-18/2`, `mon,wed`.
    ///
    /// - Parameters:
    ///   - text: The field, without blanks.
    ///   - kind: Which field.
    ///   - column: Where it begins in the expression, from 1.
    /// - Throws: A ``CronError``.
    init(_ text: Substring, _ kind: Kind, column: Int) throws(CronError) {
        self.text = String(text)
        var found: Set<Int> = []
        var column = column
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            found.formUnion(try Self.numbers(part, kind, column))
            column += part.count + 1
        }
        if kind == .weekday, found.remove(7) != nil { found.insert(0) }
        numbers = found.sorted()
    }

    /// Whether it leaves nothing out.
    func isFull(_ kind: Kind) -> Bool {
        numbers.count == (kind == .weekday ? 7 : kind.range.count)
    }

    private static func numbers(_ part: Substring, _ kind: Kind, _ column: Int) throws(CronError) -> [Int] {
        let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let bounds = try range(halves[0], kind, column)
        guard halves.count == 2 else { return Array(bounds) }
        let stepColumn = column + halves[0].count + 1
        guard halves[0] == "*" || halves[0].contains("-") else {
            throw CronError("a step needs a range before it, as in */5 or 0-30/5", column: column)
        }
        guard let step = number(halves[1]), (1...kind.range.upperBound).contains(step) else {
            throw CronError(
                "the step of the \(kind.name) must be from 1 to \(kind.range.upperBound), not \"\(halves[1])\"",
                column: stepColumn
            )
        }
        return Array(stride(from: bounds.lowerBound, through: bounds.upperBound, by: step))
    }

    private static func range(_ text: Substring, _ kind: Kind, _ column: Int) throws(CronError) -> ClosedRange<Int> {
        if text == "*" { return kind == .weekday ? 0...6 : kind.range }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let first = try value(ends[0], kind, column)
        guard ends.count == 2 else { return first...first }
        let last = try value(ends[1], kind, column + ends[0].count + 1)
        guard first <= last else {
            throw CronError("the range \(text) of the \(kind.name) runs backwards; write it as a list", column: column)
        }
        return first...last
    }

    private static func value(_ text: Substring, _ kind: Kind, _ column: Int) throws(CronError) -> Int {
        if let index = kind.words.firstIndex(of: text.lowercased()) { return kind.range.lowerBound + index }
        guard let number = number(text), kind.range.contains(number) else {
            let words = kind.words.isEmpty ? "" : " or a name such as \(kind.words[1])"
            throw CronError(
                "the \(kind.name) must be from \(kind.range.lowerBound) to \(kind.range.upperBound)\(words), "
                    + "not \"\(text)\"",
                column: column
            )
        }
        return number
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.count <= 2 && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}

/// What is wrong with a cron expression.
package struct CronError: Error, Sendable, Equatable {
    package let message: String
    /// Where in the expression, counted from 1.
    package let column: Int

    init(_ message: String, column: Int) {
        self.message = message
        self.column = column
    }
}
