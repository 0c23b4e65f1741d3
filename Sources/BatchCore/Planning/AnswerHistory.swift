/// What the last answers of one model were like.
package struct AnswerHistory: Sendable, Equatable {
    /// Fewer answers tell nothing.
    package static let fewestAnswers = 20
    /// Older ones are not looked at.
    package static let mostAnswers = 1000

    package var answers: Int
    /// Thoughts included, in tokens: what half of the answers stay under, and what all but one in twenty do.
    package var medianOutput: Int
    package var highOutput: Int
    /// From sending a request to the end of its answer, by tier; half of the answers take longer.
    ///
    /// Tiers with too few answers are not in it.
    package var medianTimes: [ServiceTier: Duration]

    /// Works out what answers have in common; `nil` if there are too few of them.
    ///
    /// - Parameters:
    ///   - outputs: The output tokens of each, in any order.
    ///   - milliseconds: How long they took, by the tier that served them, in any order.
    package init?(outputs: [Int], milliseconds: [ServiceTier: [Int]]) {
        guard outputs.count >= Self.fewestAnswers else { return nil }
        let outputs = outputs.sorted()
        answers = outputs.count
        medianOutput = outputs[(outputs.count - 1) / 2]
        highOutput = outputs[(outputs.count - 1) * 95 / 100]
        medianTimes = milliseconds.filter { $0.value.count >= Self.fewestAnswers }.mapValues { times in
            .milliseconds(times.sorted()[(times.count - 1) / 2])
        }
    }
}
