import NIOCore
import NIOHTTP1
import NIOPosix

/// The Gemini API on loopback: answers that follow from the request, and faults to order.
///
/// It listens on 127.0.0.1 only.
package final class Simulator: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    /// The port it listens on.
    package let port: Int

    /// Where clients send their requests, without a slash at the end.
    package var baseURL: String { "http://127.0.0.1:\(port)" }

    private init(group: MultiThreadedEventLoopGroup, channel: any Channel, port: Int) {
        self.group = group
        self.channel = channel
        self.port = port
    }

    /// Starts to listen, and returns when requests can be sent.
    ///
    /// - Throws: ``SimulatorError`` if the port is taken or the journal cannot be opened.
    package static func start(_ configuration: SimulatorConfiguration = SimulatorConfiguration()) async throws
        -> Simulator
    {
        SystemCalls.raiseOpenFileLimit()
        let service = try SimulatorService(configuration)
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: configuration.threads ?? max(1, System.coreCount / 2)
        )
        let bootstrap = ServerBootstrap(group: group)
            // Thousands of clients may connect at the same moment; the kernel caps this at its own limit.
            .serverChannelOption(.backlog, value: 16_384)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // No pipelining help: it stops reading while an answer is under way, and then nobody would
                    // notice a client that left.
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler(service: service))
                }
            }
        do {
            let channel = try await bootstrap.bind(host: "127.0.0.1", port: configuration.port).get()
            guard let port = channel.localAddress?.port else {
                throw SimulatorError("cannot listen on 127.0.0.1: the socket has no port")
            }
            return Simulator(group: group, channel: channel, port: port)
        } catch {
            try? await group.shutdownGracefully()
            throw SimulatorError("cannot listen on 127.0.0.1:\(configuration.port): \(error); port 0 takes a free one")
        }
    }

    /// Waits until the listening socket is closed.
    package func wait() async throws {
        try await channel.closeFuture.get()
    }

    /// Stops listening and closes every connection, in the middle of its answer if need be.
    package func shutdown() async throws {
        try await channel.close()
        try await group.shutdownGracefully()
    }
}
