extension ProgressSnapshot.QuotaWait {
    /// The least that is worth telling of a reason.
    private static let smallestReason = 20

    /// `quota: REASON for MODEL, resumes in 23s`, safe for a terminal.
    ///
    /// - Parameters:
    ///   - columns: The columns there are; what does not fit is cut from the reason, never from the time.
    ///   - ellipsis: What marks the cut, one column wide.
    /// - Returns: The line; without a reason where there is no room for one.
    func line(columns: Int = .max, ellipsis: String = "…") -> String {
        let end = "resumes in \(Figures.duration(remaining))"
        let room = columns - "quota: , ".count - end.count
        guard room >= Self.smallestReason else { return "quota: \(Figures.duration(remaining)) more" }
        let what = TerminalText.escapeLine("\(reason) for \(model)")
        return "quota: \(TerminalText.cut(what, to: room, ellipsis: ellipsis)), \(end)"
    }
}
