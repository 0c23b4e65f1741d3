/// When a job is to run by itself, as its file says.
package struct JobSchedule: Sendable, Equatable {
    package var cron: CronExpression
    /// The name of a time zone, such as `Europe/Berlin`; `nil` for the machine's.
    package var timeZone: String?

    package init(cron: CronExpression, timeZone: String? = nil) {
        self.cron = cron
        self.timeZone = timeZone
    }
}

extension CronExpression {
    /// The next moment at which a job runs, in Unix seconds; `nil` if there is none.
    ///
    /// As cron does it in the nights when clocks are set: a time that is left out comes right after the jump, and one
    /// that comes twice counts once. Where minute or hour begin with a star it runs by what clocks show.
    package func nextMoment(after unixSeconds: Int64, in zone: TimeZoneRules) -> Int64? {
        minute.hasStar || hour.hasStar
            ? nextShown(after: unixSeconds, in: zone) : nextOfDay(after: unixSeconds, in: zone)
    }

    /// The next moments, at most so many.
    package func moments(after unixSeconds: Int64, in zone: TimeZoneRules, count: Int) -> [Int64] {
        var moments: [Int64] = []
        while moments.count < count, let next = nextMoment(after: moments.last ?? unixSeconds, in: zone) {
            moments.append(next)
        }
        return moments
    }

    private func nextOfDay(after unixSeconds: Int64, in zone: TimeZoneRules) -> Int64? {
        var time = zone.wallTime(at: unixSeconds)
        while let next = next(after: time) {
            let moment = zone.firstMoment(of: next)
            if moment > unixSeconds { return moment }
            time = next
        }
        return nil
    }

    /// Between two changes of the clocks every minute comes once.
    private func nextShown(after unixSeconds: Int64, in zone: TimeZoneRules) -> Int64? {
        var start = unixSeconds
        while true {
            let offset = Int64(zone.offset(at: start))
            guard let next = next(after: WallTime(clockSeconds: start + offset)) else { return nil }
            let moment = next.clockSeconds - offset
            guard let change = zone.nextChange(after: start), moment >= change else { return moment }
            let clock = change + Int64(zone.offset(at: change))
            if let first = self.next(after: WallTime(clockSeconds: clock - 60)), first.clockSeconds == clock {
                return change
            }
            start = change
        }
    }
}
