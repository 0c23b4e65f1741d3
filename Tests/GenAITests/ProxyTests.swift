import Foundation
import TestSupport
import Testing

@testable import GenAI

private let answer = chunk("Hello", finish: "STOP")

/// A server behind TLS, and how to reach it; made in a process of its own, because the environment belongs to all.
private struct Site {
    let nginx: NginxServer
    private let gate: LoopbackServer

    init() throws {
        for name in ["http", "https", "all", "no"] {
            unsetenv("\(name)_proxy")
            unsetenv("\(name.uppercased())_PROXY")
        }
        gate = try LoopbackServer { _, _ in }
        nginx = try NginxServer(stream: "data: \(answer)\r\n\r\n", whole: answer, gate: gate)
    }

    var clear: String { "http://localhost:\(nginx.clearPort)" }

    func client(_ baseURL: String? = nil, concurrency: Int = 10) throws -> Client {
        let url = baseURL ?? "https://localhost:\(nginx.http2Port)"
        return try Client(
            apiKey: testKey,
            options: HTTPOptions(baseURL: url, caFile: nginx.caFile, concurrency: concurrency)
        )
    }
}

@Suite("Proxies of the environment", .timeLimit(.minutes(1)))
struct ProxyTests {
    // Fault matrix: F49.
    @Test("https goes through the proxy that the environment names, and the key inside the tunnel alone")
    func tunnel() async {
        await #expect(processExitsWith: .success) {
            let site = try Site()
            for variable in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
                let proxy = try ConnectProxy()
                setenv(variable, "http://user:secret@127.0.0.1:\(proxy.port)", 1)
                let collected = try await site.client().collect()
                try #require(collected.answer.text == "Hello", "\(variable): \(String(describing: collected.error))")
                try #require(collected.answer.serviceTier == "priority")
                let heads = proxy.heads
                try #require(heads.count == 1)
                try #require(heads[0].hasPrefix("CONNECT localhost:\(site.nginx.http2Port) HTTP/1.1\r\n"))
                try #require(!heads[0].contains(testKey))
                unsetenv(variable)
                proxy.close()
            }
        }
    }

    @Test("streams share tunnels as they share connections")
    func sharedTunnels() async {
        await #expect(processExitsWith: .success) {
            let site = try Site()
            let proxy = try ConnectProxy()
            setenv("https_proxy", "http://127.0.0.1:\(proxy.port)", 1)
            let count = 150
            let client = try site.client(concurrency: count)
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<count {
                    group.addTask {
                        // nginx answers a fixed text before it has read the request, and now and then resets it then.
                        let first = try await client.collect()
                        return try await first.error == nil ? first.answer.text : client.collect().answer.text
                    }
                }
                for try await text in group {
                    try #require(text == "Hello")
                }
            }
            // 100 streams to a connection, and one more for good measure.
            try #require((1...3).contains(proxy.heads.count), "\(proxy.heads.count)")
            try #require(site.nginx.stop().count >= count)
        }
    }

    // Fault matrix: F49.
    @Test("no_proxy keeps a server out, and http_proxy is for neither https nor this machine")
    func exceptions() async {
        await #expect(processExitsWith: .success) {
            let site = try Site()
            let proxy = try ConnectProxy(refusal: "")
            let address = "http://127.0.0.1:\(proxy.port)"
            setenv("http_proxy", address, 1)
            setenv("HTTP_PROXY", address, 1)
            for url in [nil, site.clear] {
                try #require(try await site.client(url).collect().answer.text == "Hello")
            }
            setenv("https_proxy", address, 1)
            for variable in ["no_proxy", "NO_PROXY"] {
                for hosts in ["localhost", "example.com,localhost", "*"] {
                    setenv(variable, hosts, 1)
                    try #require(try await site.client().collect().answer.text == "Hello", "\(variable)=\(hosts)")
                }
                unsetenv(variable)
            }
            try #require(proxy.heads.isEmpty)
            setenv("no_proxy", "example.com", 1)
            try #require(try await site.client().collect().error?.label == "unreachable")
            try #require(proxy.heads.count == 1)
        }
    }

    // Fault matrix: F49.
    @Test("trouble with a proxy names the proxy, without its password, and nothing counts as sent")
    func trouble() async {
        await #expect(processExitsWith: .success) {
            let site = try Site()
            let refusals = [
                ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403"),
                (
                    "HTTP/1.1 407 Authenticate\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
                    "407"
                ),
                ("", "CONNECT"), (nil, "connect to"),
            ]
            for (refusal, says) in refusals {
                let proxy = try ConnectProxy(refusal: refusal)
                if refusal == nil {
                    proxy.close()
                    try await proxy.closed.reach(1)
                }
                setenv("https_proxy", "http://user:secret@127.0.0.1:\(proxy.port)", 1)
                let collected = try await site.client().collect()
                let words = "\(String(describing: collected.error))"
                try #require(collected.error?.label == "unreachable", "\(words)")
                try #require(words.contains(says), "\(words)")
                try #require(words.contains("the proxy 127.0.0.1:\(proxy.port) that https_proxy names"), "\(words)")
                try #require(!words.contains("secret"), "\(words)")
                try #require(!collected.wasSent)
            }
            setenv("https_proxy", "http://proxy.invalid:3128", 1)
            let collected = try await site.client().collect()
            try #require(collected.error?.label == "unreachable")
            try #require(collected.error?.description.contains("the proxy proxy.invalid:3128 that") == true)
        }
    }

    @Test("trouble with the server does not name a proxy that is not used")
    func withoutProxy() async {
        await #expect(processExitsWith: .success) {
            let site = try Site()
            let gone = try LoopbackServer { _, _ in }
            gone.close()
            try await gone.closed.reach(1)
            setenv("https_proxy", "http://127.0.0.1:1", 1)
            setenv("no_proxy", "localhost", 1)
            let collected = try await site.client("https://localhost:\(gone.port)").collect()
            try #require(collected.error?.label == "unreachable")
            try #require(collected.error?.description.contains("proxy") == false)
        }
    }
}
