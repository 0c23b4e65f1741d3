/// Which proxy libcurl takes out of the environment for an https address.
package struct ProxyRule: Sendable, Equatable {
    /// The variable that names the proxy; `nil` if requests go straight to the host.
    package var variable: String?
    /// The proxy, without the name and password that may stand in it.
    package var proxy: String?
    /// Why a proxy that is named somewhere is not used, for example `no_proxy`.
    package var exception: String?
    /// Variables that name a proxy and do nothing for https.
    package var unused: [String] = []

    /// - Parameters:
    ///   - host: The host of the address.
    ///   - environment: The value of a variable.
    package init(host: String, environment: (String) -> String?) {
        func value(_ name: String) -> String? {
            environment(name).flatMap { $0.isEmpty ? nil : $0 }
        }
        // Small letters win, and a variable for the scheme wins over the one for all.
        let named = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].first { value($0) != nil }
        // For http alone; and in capitals not even for that, since web servers pass a header under that name.
        unused = named == nil ? ["http_proxy", "HTTP_PROXY"].filter { value($0) != nil } : []
        guard let named, let address = value(named) else { return }
        if let list = ["no_proxy", "NO_PROXY"].first(where: { value($0) != nil }),
            Self.isListed(host, in: value(list) ?? "")
        {
            exception = list
            return
        }
        variable = named
        proxy = Self.withoutCredentials(address)
    }

    private static func isListed(_ host: String, in list: String) -> Bool {
        let host = host.lowercased()
        return list.lowercased().split { $0 == "," || $0.isWhitespace }.contains { entry in
            let name = entry.drop { $0 == "." }
            return entry == "*" || host == name || !name.isEmpty && host.hasSuffix(".\(name)")
        }
    }

    private static func withoutCredentials(_ address: String) -> String {
        guard let at = address.lastIndex(of: "@") else { return address }
        let scheme = address.firstRange(of: "://").map { address[..<$0.upperBound] } ?? ""
        return String(scheme) + address[address.index(after: at)...]
    }
}
