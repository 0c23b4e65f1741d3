internal import JSON

/// One thing that `doctor` has looked at.
struct Finding {
    enum Verdict: String {
        case ok, warn, fail
    }

    let verdict: Verdict
    /// What was looked at, in one word for programs.
    let check: String
    let message: String
    /// What to do about it; `nil` if there is nothing to do.
    let advice: String?

    static func ok(_ check: String, _ message: String) -> Finding {
        Finding(verdict: .ok, check: check, message: message, advice: nil)
    }

    static func warn(_ check: String, _ message: String, advice: String) -> Finding {
        Finding(verdict: .warn, check: check, message: message, advice: advice)
    }

    static func fail(_ check: String, _ message: String, advice: String) -> Finding {
        Finding(verdict: .fail, check: check, message: message, advice: advice)
    }

    var line: String {
        func padded(_ word: String, _ width: Int) -> String {
            word + String(repeating: " ", count: max(1, width - word.count))
        }
        return padded(verdict.rawValue, 6) + padded(check, 12) + message + (advice.map { "; \($0)" } ?? "")
    }

    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("check", check)
            writer.member("verdict", verdict.rawValue)
            writer.member("message", message)
            if let advice { writer.member("advice", advice) }
        }
        return writer.text
    }
}
