internal import Curl
internal import GenAI
internal import Terminal

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The way to the server in force: its address, the proxy, its name and certificate, and its clock.
enum ServerChecks {
    private static let limit = Duration.seconds(15)
    /// Tokens that are signed with a clock this wrong are refused.
    private static let toleratedSkew: Int64 = 60

    static func all(_ options: ConnectionOptions, asksServer: Bool) async -> [Finding] {
        let address = options.baseURL ?? variable("GOOGLE_GEMINI_BASE_URL") ?? google
        do {
            // As a run would take it; the key stays here.
            _ = try Client(apiKey: "none", options: HTTPOptions(baseURL: address, caFile: options.caFile))
        } catch {
            return [.fail("server", "\(error)", advice: "correct --base-url or GOOGLE_GEMINI_BASE_URL")]
        }
        var findings = [Finding.ok("server", address == google ? address : "\(address), which is not Google's own")]
        // Plain http is for this machine, and goes through no proxy.
        let isSecure = address.lowercased().hasPrefix("https:")
        let rule = isSecure ? ProxyRule(host: host(of: address), environment: variable) : nil
        if let rule {
            findings.append(proxy(rule))
        }
        if asksServer {
            findings += await ask(address, caFile: options.caFile, rule)
        }
        return findings
    }

    private static let google = "https://generativelanguage.googleapis.com"

    private static func proxy(_ rule: ProxyRule) -> Finding {
        if let variable = rule.variable, let proxy = rule.proxy {
            return .ok("proxy", "\(proxy), from \(variable)")
        }
        if let exception = rule.exception {
            return .ok("proxy", "none: \(exception) exempts the server")
        }
        guard let unused = rule.unused.first else { return .ok("proxy", "none") }
        return .warn(
            "proxy",
            "none: \(unused) is set, but is not for https",
            advice: "set https_proxy if requests have to go through it"
        )
    }

    private static func ask(_ address: String, caFile: String?, _ rule: ProxyRule?) async -> [Finding] {
        let clock = SystemClock()
        let start = clock.now()
        let answer: ServerProbe.Answer
        do {
            answer = try await ServerProbe.ask(address + "/", caFile: caFile, limit: limit)
        } catch {
            let way = rule?.proxy.map { " through the proxy \($0)" } ?? ""
            return [.fail("network", "cannot reach the server\(way): \(error)", advice: advice(for: error, rule))]
        }
        let elapsed = clock.now() - start
        let milliseconds = elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000
        let findings = [Finding.ok("network", "the server answers after \(milliseconds) ms")]
        guard let serverTime = answer.serverTime else { return findings }
        return findings + [skew(clock.unixMilliseconds() / 1000 - serverTime)]
    }

    private static func skew(_ seconds: Int64) -> Finding {
        guard abs(seconds) > toleratedSkew else { return .ok("clock", "agrees with the server's") }
        let difference = Figures.duration(.seconds(abs(seconds)))
        return .warn(
            "clock",
            "\(difference) \(seconds > 0 ? "ahead of" : "behind") the server's",
            advice: "set it; certificates and sign-in depend on it"
        )
    }

    private static func advice(for error: CurlError, _ rule: ProxyRule?) -> String {
        switch error.kind {
        case .nameNotResolved: "check the name and this machine's DNS"
        case .proxyNotResolved: "check \(rule?.variable ?? "the proxy")"
        case .tls: "check the certificate and the clock; an authority of your own goes into --ca-file"
        default: rule?.variable.map { "check \($0) and the network" } ?? "check the network and the firewall"
        }
    }

    private static func host(of address: String) -> String {
        String(address.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" && $0 != ":" })
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value[0] != 0 else { return nil }
        return String(cString: value)
    }
}
