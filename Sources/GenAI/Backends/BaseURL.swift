/// Where requests go: an https address, or a plain http one on this machine.
struct BaseURL: Sendable, Equatable {
    /// Without a slash at the end.
    let text: String

    /// Checks an address.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the key would travel in the clear to another machine.
    init(_ address: String) throws(GenAIError) {
        var text = address.filter { !$0.isWhitespace }
        while text.hasSuffix("/") {
            text.removeLast()
        }
        let lowercased = text.lowercased()
        let isPlain = lowercased.hasPrefix("http://")
        guard isPlain || lowercased.hasPrefix("https://"), !text.contains("?"), !text.contains("#") else {
            throw .invalidCall("the base URL \(address) is not an https:// address without query")
        }
        let host = Self.host(of: text)
        guard !host.isEmpty, !text.contains("@") else {
            throw .invalidCall("the base URL \(address) has no host, or holds credentials")
        }
        guard !isPlain || Self.isLoopback(host) else {
            throw .invalidCall(
                "the base URL \(address) is plain http to another machine, which would show the key to the network; "
                    + "use https, or http to 127.0.0.1, [::1] or localhost"
            )
        }
        self.text = text
    }

    /// The host between `//` and the port or the path.
    private static func host(of address: String) -> String {
        let authority = address.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" }
        if authority.hasPrefix("[") {
            return String(authority.dropFirst().prefix { $0 != "]" })
        }
        return authority.prefix { $0 != ":" }.lowercased()
    }

    private static func isLoopback(_ host: String) -> Bool {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4Loopback =
            numbers.count == 4 && numbers.first == "127" && numbers.allSatisfy { UInt8($0) != nil }
        return isIPv4Loopback || host == "localhost" || host == "::1"
    }
}
