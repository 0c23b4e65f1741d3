/// A limit of requests in any 60 seconds, as a sliding window; it is told the time and never asks for it.
package struct QuotaWindow {
    static let length = Duration.seconds(60)

    let limit: Int
    /// When the requests of the last window were admitted, oldest first, from ``start`` on.
    private var admitted: [Duration] = []
    private var start = 0

    package init(limit: Int) {
        self.limit = limit
    }

    /// Admits a request, or says how long the next place takes to become free.
    ///
    /// - Parameter now: The time on any clock that only goes forward.
    /// - Returns: `nil` if the request is admitted.
    package mutating func admit(at now: Duration) -> Duration? {
        while start < admitted.count, admitted[start] + Self.length <= now {
            start += 1
        }
        // Dropping the past only when it is the larger half keeps the cost per request constant.
        if start > admitted.count / 2 {
            admitted.removeSubrange(..<start)
            start = 0
        }
        guard admitted.count - start >= limit else {
            admitted.append(now)
            return nil
        }
        return start < admitted.count ? admitted[start] + Self.length - now : Self.length
    }
}
