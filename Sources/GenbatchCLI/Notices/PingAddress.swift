internal import Curl

/// Where a health check is called, in the manner of healthchecks.io.
struct PingAddress {
    private let base: String
    /// With its question mark.
    private let query: String

    /// `nil` if the text is no address that can be called.
    init?(_ text: String) {
        let rest = ["https://", "http://"].first { text.hasPrefix($0) }.map { text.dropFirst($0.count) }
        guard let host = rest?.first, host != "/", host != "?",
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#")
        else { return nil }
        let split = text.firstIndex(of: "?") ?? text.endIndex
        var base = String(text[..<split])
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
        query = String(text[split...])
    }

    var start: String { base + "/start" + query }
    var success: String { base + query }
    var failure: String { base + "/fail" + query }

    /// Calls an address of a health check, which never changes how a run ends.
    ///
    /// - Parameters:
    ///   - address: Which.
    ///   - limit: The longest it may take.
    /// - Returns: What went wrong, without the address: who knows it can report runs that never were.
    static func call(_ address: String, limit: Duration) async -> String? {
        do {
            let answer = try await ServerProbe.ask(address, caFile: nil, limit: limit)
            return (200..<300).contains(answer.status) ? nil : "it answered with status \(answer.status)"
        } catch {
            return error.message
        }
    }
}
