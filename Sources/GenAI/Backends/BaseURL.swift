/// Where requests go: an https address, or a plain http one on this machine.
struct BaseURL: Sendable, Equatable {
    /// Without a slash at the end.
    let text: String

    /// Checks an address.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the key would travel in the clear to another machine.
    init(_ address: String) throws(GenAIError) {
        var text = address.trimmingWhitespace
        while text.hasSuffix("/") {
            text.removeLast()
        }
        // What may be secret is not repeated in messages.
        guard !text.contains("@"), !text.contains("?"), !text.contains("#") else {
            throw .invalidCall(
                "the base URL holds credentials, a query or a fragment; only scheme, host and path are allowed"
            )
        }
        let lowercased = text.lowercased()
        let isPlain = lowercased.hasPrefix("http://")
        let host = Self.host(of: text)
        guard isPlain || lowercased.hasPrefix("https://"), !host.isEmpty, !text.contains(where: \.isWhitespace) else {
            throw .invalidCall("the base URL \(address) is not an https:// address with a host")
        }
        guard !isPlain || Self.isLoopback(host) else {
            throw .invalidCall(
                "the base URL \(address) is plain http to another machine, which would show the key to the network; "
                    + "use https, or http to 127.0.0.1, [::1] or localhost"
            )
        }
        self.text = text
    }

    /// Whether the address is one of this machine.
    var isLoopback: Bool { Self.isLoopback(Self.host(of: text)) }

    /// The host between `//` and the port or the path.
    private static func host(of address: String) -> String {
        let authority = address.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" }
        if authority.hasPrefix("[") {
            guard authority.contains("]") else { return "" }
            return String(authority.dropFirst().prefix { $0 != "]" })
        }
        return authority.prefix { $0 != ":" }.lowercased()
    }

    private static func isLoopback(_ host: String) -> Bool {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4Loopback =
            numbers.count == 4 && numbers.first == "127"
            && numbers.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8($0) != nil }
        return isIPv4Loopback || host == "localhost" || host == "::1"
    }
}
