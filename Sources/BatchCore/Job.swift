/// What a job file says about the whole job; its items come from an ``ItemSource``.
package struct Job: Sendable, Equatable {
    package enum TruncationPolicy: String, Sendable, CaseIterable {
        /// The item is done and flagged.
        case accept
        case fail
        case retry
    }

    package var name: String
    /// Where the prompts are answered, as far as the job says.
    package var backend: JobBackend?
    package var stream: Bool
    package var limits: Limits
    package var retry: RetryPolicy
    package var timeouts: Timeouts
    /// The same for items of the flex tier, whose answers may take a quarter of an hour to begin.
    package var flexTimeouts: Timeouts
    package var onTruncation: TruncationPolicy
    /// What is wanted of the answers of items that say nothing else.
    package var checks: AnswerChecks
    /// Where the results go at the end of every run, relative to the job's folder; `nil` for nowhere.
    package var outputPath: String?
    /// What attempts are priced by.
    package var prices: PriceTable
    /// When it runs by itself; `nil` if the file does not say.
    package var schedule: JobSchedule?

    package init(
        name: String,
        backend: JobBackend? = nil,
        stream: Bool = true,
        limits: Limits = Limits(),
        retry: RetryPolicy = RetryPolicy(),
        timeouts: Timeouts = Timeouts(),
        flexTimeouts: Timeouts = .flex,
        onTruncation: TruncationPolicy = .accept,
        checks: AnswerChecks = AnswerChecks(),
        outputPath: String? = nil,
        prices: PriceTable = PriceTable(),
        schedule: JobSchedule? = nil
    ) {
        self.name = name
        self.backend = backend
        self.stream = stream
        self.limits = limits
        self.retry = retry
        self.timeouts = timeouts
        self.flexTimeouts = flexTimeouts
        self.onTruncation = onTruncation
        self.checks = checks
        self.outputPath = outputPath
        self.prices = prices
        self.schedule = schedule
    }

    /// How long an attempt for an item may take.
    package func timeouts(for request: ItemRequest) -> Timeouts {
        request.serviceTier == .flex ? flexTimeouts : timeouts
    }
}

/// Which of Google's two servers a job is for; the command line and the environment may choose another.
package struct JobBackend: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The Gemini API, with a key.
        case gemini
        /// Vertex AI, with a sign-in.
        case vertex
    }

    package var kind: Kind
    /// A project of Google Cloud.
    package var project: String?
    /// A region, a multi-region, or `global`.
    package var location: String?

    package init(_ kind: Kind, project: String? = nil, location: String? = nil) {
        self.kind = kind
        self.project = project
        self.location = location
    }
}

/// The most a run may use.
package struct Limits: Sendable, Equatable {
    package static let defaultConcurrency = 16
    package static let maximumConcurrency = 10_000

    /// Requests in flight at once, 1 to ``maximumConcurrency``.
    package var concurrency: Int

    /// Of each model.
    package var quota: QuotaLimits
    /// Of all runs of the job together.
    package var spending: SpendingLimits
    /// Of all jobs of the user together.
    package var sharedSpending: SpendingCaps
    /// How long one run may take, but for what is in flight then; `nil` is without limit.
    package var duration: Duration?

    package init(
        concurrency: Int = Limits.defaultConcurrency,
        quota: QuotaLimits = QuotaLimits(),
        spending: SpendingLimits = SpendingLimits(),
        sharedSpending: SpendingCaps = SpendingCaps(),
        duration: Duration? = nil
    ) {
        self.concurrency = concurrency
        self.quota = quota
        self.spending = spending
        self.sharedSpending = sharedSpending
        self.duration = duration
    }

    /// Whether money is capped, which takes prices.
    package var isMoneyCapped: Bool { spending.cost != nil || !sharedSpending.isEmpty }

    /// Whether money or tokens are capped.
    package var isSpendingCapped: Bool { !spending.isEmpty || !sharedSpending.isEmpty }
}

/// How long an attempt may take, and how long it may be silent.
package struct Timeouts: Sendable, Equatable {
    /// Until the connection stands, TLS included.
    package var connect: Duration
    /// From sending to the first byte of the answer; thinking models are silent for minutes.
    package var firstChunk: Duration
    /// Between two pieces of the answer.
    package var idle: Duration
    /// The whole attempt.
    package var item: Duration

    package init(
        connect: Duration = .seconds(10),
        firstChunk: Duration = .seconds(300),
        idle: Duration = .seconds(60),
        item: Duration = .seconds(900)
    ) {
        self.connect = connect
        self.firstChunk = firstChunk
        self.idle = idle
        self.item = item
    }

    /// Google's advice for the flex tier is to wait at least 15 minutes.
    package static let flex = Timeouts(firstChunk: .seconds(1200), item: .seconds(1800))
}
