/// One item with what came of it, as exports and lists show it.
package struct ResultRow: Sendable, Equatable {
    /// The answer to one turn.
    package struct Turn: Sendable, Equatable {
        package var answer: Answer
        package var timings: AttemptTimings

        package init(answer: Answer, timings: AttemptTimings) {
            self.answer = answer
            self.timings = timings
        }
    }

    package struct Failure: Sendable, Equatable {
        package var failureClass: String
        package var message: String
        package var httpStatus: Int?

        package init(failureClass: String, message: String, httpStatus: Int? = nil) {
            self.failureClass = failureClass
            self.message = message
            self.httpStatus = httpStatus
        }
    }

    package var key: String
    package var state: ItemState
    /// The model that was asked.
    package var model: String
    /// `file:line` of the item in its source.
    package var origin: String
    /// What the templates saw, as a JSON object.
    package var input: String
    /// Attempts in all runs.
    package var attempts: Int
    /// Whether the item has left the job since.
    package var isOrphaned: Bool
    /// One for each answered turn; a plain prompt has one when it is done.
    package var turns: [Turn]
    /// The last failure, unless the item is done.
    package var failure: Failure?
    /// What all attempts for it cost, failed ones included.
    package var cost: CostSum

    package init(
        key: String,
        state: ItemState,
        model: String,
        origin: String,
        input: String = "{}",
        attempts: Int,
        isOrphaned: Bool = false,
        turns: [Turn] = [],
        failure: Failure? = nil,
        cost: CostSum = CostSum()
    ) {
        self.key = key
        self.state = state
        self.model = model
        self.origin = origin
        self.input = input
        self.attempts = attempts
        self.isOrphaned = isOrphaned
        self.turns = turns
        self.failure = failure
        self.cost = cost
    }
}
