package import BatchCore
internal import JSON

/// Which items are wanted.
package struct ResultSelection: Sendable, Equatable {
    package var states: Set<ItemState>
    /// Whether items that have left the job come too, at the end.
    package var includesOrphaned: Bool
    /// What their inputs have to hold, all of it.
    package var conditions: [InputCondition]
    /// Only items with an attempt after this one, as ``ResultSnapshot/lastAttempt()`` numbers them, in the order of their
    /// last attempts.
    package var afterAttempt: Int64?
    /// The most items to hand out.
    package var limit: Int?

    package init(
        states: Set<ItemState> = Set(ItemState.allCases),
        includesOrphaned: Bool = false,
        conditions: [InputCondition] = [],
        afterAttempt: Int64? = nil,
        limit: Int? = nil
    ) {
        self.states = states
        self.includesOrphaned = includesOrphaned
        self.conditions = conditions
        self.afterAttempt = afterAttempt
        self.limit = limit
    }
}

/// What one column of an item's input has to be.
package struct InputCondition: Sendable, Equatable {
    package let column: String
    package let text: String

    package init(column: String, text: String) {
        self.column = column
        self.text = text
    }

    /// Whether an input, a JSON object, has the column with exactly this text: of a string its content, else the JSON as
    /// it stands.
    func holds(for input: Span<UInt8>) -> Bool {
        var reader = JSONReader(input)
        // What is not JSON cannot be looked into, and fits nothing.
        return (try? holds(in: &reader)) ?? false
    }

    private func holds(in reader: inout JSONReader) throws(JSONError) -> Bool {
        var isEqual = false
        try reader.beginObject()
        while let name = try reader.nextKey() {
            guard reader.isText(column, at: name) else {
                try reader.skipValue()
                continue
            }
            if try reader.peek() == UInt8(ascii: "\"") {
                isEqual = try reader.readString() == text
            } else {
                isEqual = reader.string(in: try reader.skipValue()) == text
            }
        }
        return isEqual
    }
}
