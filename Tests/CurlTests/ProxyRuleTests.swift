import Curl
import Testing

@Suite("The proxy that applies")
struct ProxyRuleTests {
    private func rule(_ environment: [String: String], host: String = "api.example.com") -> ProxyRule {
        ProxyRule(host: host) { environment[$0] }
    }

    @Test("small letters win over capitals, and the variable for https over the one for all")
    func order() {
        let all = ["https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:1", "all_proxy": "http://c:1"]
        #expect(rule(all).proxy == "http://a:1")
        #expect(rule(all.filter { $0.key != "https_proxy" }).variable == "HTTPS_PROXY")
        #expect(rule(["ALL_PROXY": "socks5://d:1"]).proxy == "socks5://d:1")
        #expect(rule(["https_proxy": "", "all_proxy": "http://c:1"]).variable == "all_proxy")
        #expect(rule([:]).variable == nil)
    }

    @Test("a name and a password are not repeated")
    func hidesCredentials() {
        #expect(rule(["https_proxy": "http://user:se@cret@a:1"]).proxy == "http://a:1")
        #expect(rule(["https_proxy": "user:secret@a:1"]).proxy == "a:1")
    }

    @Test("variables that do nothing for https are told of, unless another one is there")
    func findsUnused() {
        #expect(rule(["HTTP_PROXY": "http://a:1"]).unused == ["HTTP_PROXY"])
        #expect(rule(["http_proxy": "http://a:1"]).unused == ["http_proxy"])
        #expect(rule(["HTTP_PROXY": "http://a:1", "https_proxy": "http://b:1"]).unused.isEmpty)
    }

    @Test(
        "no_proxy exempts a host, a domain or everything",
        arguments: [
            ("api.example.com", true), ("example.com", true), (".example.com", true), ("*", true),
            ("other.com, example.com", true), ("ample.com", false), ("api.example.com.org", false), ("", false),
        ]
    )
    func exempts(list: String, isExempt: Bool) {
        let found = rule(["https_proxy": "http://a:1", "no_proxy": list])
        #expect((found.proxy == nil) == isExempt)
        #expect(found.exception == (isExempt ? "no_proxy" : nil))
    }
}
