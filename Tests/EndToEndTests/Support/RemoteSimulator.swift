import TestSupport

/// A simulator that looks like another machine's: behind TLS and a proxy, under a name that is not this machine's.
///
/// What a server on this machine answers costs nothing; this one's answers count.
final class RemoteSimulator {
    let simulator: SimulatorProgram
    private let proxy: ConnectProxy
    private let nginx: NginxServer

    /// - Parameter arguments: Of the simulator's command line.
    /// - Throws: If one of them does not come up.
    init(_ arguments: [String] = []) async throws {
        simulator = try await SimulatorProgram(arguments)
        proxy = try ConnectProxy()
        nginx = try NginxServer(
            stream: "",
            whole: "",
            gate: LoopbackServer { _, _ in },
            through: Int(simulator.port)
        )
    }

    /// The environment of a workspace, with the way to this server.
    func environment(of work: Workspace) -> [String: String] {
        var environment = work.environment
        environment["GOOGLE_GEMINI_BASE_URL"] = "https://\(NginxServer.remoteName):\(nginx.http1Port)/through"
        environment["https_proxy"] = "http://127.0.0.1:\(proxy.port)"
        return environment
    }

    /// The options with which genbatch trusts it.
    var trust: [String] { ["--ca-file", nginx.caFile] }
}
