/// What a model is told after an answer that its job's checks refuse.
package struct RepairRequest: Sendable, Equatable {
    /// The refused answer.
    package let answer: String
    /// What was wrong with it, and what is wanted.
    package let message: String

    /// - Parameters:
    ///   - answer: The refused answer.
    ///   - problems: What was wrong with it, in words.
    package init(answer: String, problems: String) {
        self.answer = answer
        message = """
            Your answer cannot be used: \(problems).

            Answer the task again, so that this is right. Write the corrected answer only, whole and from its \
            beginning: no apology, no explanation, no code fence around it.
            """
    }
}
