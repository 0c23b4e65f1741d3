/// The requests of one model, counted against a quota; it is told the time and never asks for it.
package struct QuotaWindow {
    private let quota: RequestQuota
    /// When the requests of the last window were admitted, oldest first, from ``start`` on.
    private var admitted: [Duration] = []
    private var start = 0

    package init(_ quota: RequestQuota) {
        self.quota = quota
    }

    /// Admits a request, or says how long the next place takes to become free.
    ///
    /// - Parameter now: The time since the first request.
    /// - Returns: `nil` if the request is admitted.
    package mutating func admit(at now: Duration) -> Duration? {
        forget(until: now)
        let limit = quota.limit(at: now)
        guard admitted.count - start >= limit else {
            admitted.append(now)
            return nil
        }
        switch quota.counting {
        // The limit may have fallen: then more than one place has to become free.
        case .sliding: return limit > 0 ? admitted[admitted.count - limit] + quota.window - now : quota.window
        case .fixed: return beginning(at: now) + quota.window - now
        }
    }

    private mutating func forget(until now: Duration) {
        let oldest =
            switch quota.counting {
            case .sliding: now - quota.window + .nanoseconds(1)
            case .fixed: beginning(at: now)
            }
        while start < admitted.count, admitted[start] < oldest {
            start += 1
        }
        // Dropping the past only when it is the larger half keeps the cost per request constant.
        if start > admitted.count / 2 {
            admitted.removeSubrange(..<start)
            start = 0
        }
    }

    private func beginning(at now: Duration) -> Duration {
        quota.window * (now / quota.window).rounded(.down)
    }
}
