import NIOCore
import NIOHTTP1

/// One client connection: collects a request, asks for a plan, and carries it out.
///
/// Lives on the event loop of its connection. A response in progress costs its plan and one scheduled callback: no
/// thread and no task.
final class ConnectionHandler: ChannelInboundHandler, NIOScheduledCallbackHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// A response in progress.
    private struct Exchange {
        enum Step {
            case head
            case chunks
        }

        var plan: ResponsePlan
        let ticket: Ticket
        let keepsAlive: Bool
        let version: HTTPVersion
        var step = Step.head
        var chunksSent = 0
    }

    private static let bodyLimit = 100 << 20

    private let service: SimulatorService
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var exchange: Exchange?
    private var timer: NIOScheduledCallback?
    /// Flushing may report free room at once, in the middle of writing.
    private var isWriting = false

    init(service: SimulatorService) {
        self.service = service
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        service.connectionOpened()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        service.connectionClosed()
        timer?.cancel()
        timer = nil
        finish(.cancelled)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: The request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // A request before the last answer has ended would need a queue; no client of this kind sends one.
            guard exchange == nil, self.head == nil else { return context.close(promise: nil) }
            self.head = head
            if head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
                let interim = HTTPResponseHead(version: head.version, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
            }
        case .body(var bytes):
            guard head != nil else { return }
            guard body.readableBytes + bytes.readableBytes <= Self.bodyLimit else { return refuseBody() }
            if body.readableBytes == 0 {
                body = bytes
            } else {
                body.writeBuffer(&bytes)
            }
        case .end:
            guard let head else { return }
            let (plan, ticket) = service.respond(to: head, body: body)
            start(plan, ticket: ticket, head: head)
        }
    }

    private func refuseBody() {
        guard let head else { return }
        let (plan, ticket) = service.refuse(.bodyTooLarge)
        start(plan, ticket: ticket, head: head, keepsAlive: false)
    }

    private func start(_ plan: ResponsePlan, ticket: Ticket, head: HTTPRequestHead, keepsAlive: Bool = true) {
        self.head = nil
        body = ByteBuffer()
        exchange = Exchange(
            plan: plan,
            ticket: ticket,
            keepsAlive: keepsAlive && head.isKeepAlive,
            version: head.version
        )
        proceed(after: plan.beforeHead)
    }

    // MARK: The response

    func handleScheduledCallback(eventLoop: some EventLoop) {
        timer = nil
        write()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, timer == nil, exchange?.step != .head {
            write()
        }
        context.fireChannelWritabilityChanged()
    }

    /// Goes on now, or after a wait.
    private func proceed(after wait: Duration) {
        guard wait > .zero else { return write() }
        guard let context else { return }
        do {
            timer = try context.eventLoop.assumeIsolated().scheduleCallback(in: TimeAmount(wait), handler: self)
        } catch {
            // Only an event loop that is shutting down refuses, and then the connection has no future either.
            context.close(promise: nil)
        }
    }

    /// Writes what is due: up to the next wait, the end, or the point where the client has to read first.
    private func write() {
        guard !isWriting, let context else { return }
        isWriting = true
        defer { isWriting = false }
        while true {
            switch writeStep(context) {
            case .next:
                continue
            case .wait(let time):
                context.flush()
                return proceed(after: time)
            case .fullBuffer:
                return
            case .done:
                return context.flush()
            }
        }
    }

    /// What follows a step.
    private enum Progress {
        case next
        case wait(Duration)
        /// The client has to read first; the channel tells when it did.
        case fullBuffer
        case done

        static func after(_ time: Duration) -> Progress {
            time > .zero ? .wait(time) : .next
        }
    }

    /// Writes one head, piece or ending.
    private func writeStep(_ context: ChannelHandlerContext) -> Progress {
        guard var exchange else { return .done }
        switch exchange.step {
        case .head where !exchange.plan.hasHead:
            end(exchange, context)
            return .done
        case .head:
            writeHead(exchange, context)
            self.exchange?.step = .chunks
            return .after(exchange.plan.beforeFirstChunk)
        case .chunks:
            if exchange.plan.body.isFinished {
                end(exchange, context)
                return .done
            }
            if !context.channel.isWritable {
                context.flush()
                // No flush after this: the channel would report free room to a handler that is still writing.
                guard context.channel.isWritable else { return .fullBuffer }
            }
            // Moved out and back, so that the body is changed in place and never copied.
            self.exchange = nil
            writePiece(&exchange, context)
            self.exchange = exchange
            guard context.channel.isActive else {
                finish(.cancelled)
                return .done
            }
            let isWaiting = exchange.plan.body.isPaced && !exchange.plan.body.isFinished
            return isWaiting ? .after(exchange.plan.betweenChunks) : .next
        }
    }

    private func writeHead(_ exchange: Exchange, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders(exchange.plan.headers.map { ($0.name, $0.value) })
        if let length = exchange.plan.contentLength {
            headers.add(name: "Content-Length", value: String(length))
        }
        if !exchange.keepsAlive {
            headers.add(name: "Connection", value: "close")
        }
        let status = HTTPResponseStatus(statusCode: exchange.plan.status)
        let head = HTTPResponseHead(version: exchange.version, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if exchange.plan.ending == .silence || exchange.plan.isBytewise {
            context.flush()
        }
    }

    private func writePiece(_ exchange: inout Exchange, _ context: ChannelHandlerContext) {
        var piece = context.channel.allocator.buffer(capacity: 1024)
        exchange.plan.body.writeNext(into: &piece)
        guard piece.readableBytes > 0 else { return }
        exchange.chunksSent += 1
        guard exchange.plan.isBytewise else {
            return context.write(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
        }
        while let byte = piece.readSlice(length: 1) {
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(byte))), promise: nil)
        }
    }

    private func end(_ exchange: Exchange, _ context: ChannelHandlerContext) {
        guard exchange.plan.ending != .silence else {
            // The exchange stays open until the client leaves.
            return context.flush()
        }
        // Counted before the last bytes leave: whoever has read them finds the request counted.
        finish(exchange.plan.outcome)
        switch exchange.plan.ending {
        case .proper:
            guard !exchange.keepsAlive else {
                return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
            // Closing drops what the client has not taken yet: only when all of it has left.
            let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
            let sent = context.eventLoop.makePromise(of: Void.self)
            sent.futureResult.whenComplete { _ in loopBound.value.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
        case .close:
            context.flush()
            context.close(promise: nil)
        case .reset:
            context.flush()
            reset(context)
        case .silence:
            break
        }
    }

    /// Closes with a lingering time of zero, which makes the kernel send a reset instead of an ending.
    private func reset(_ context: ChannelHandlerContext) {
        guard let options = context.channel as? any SocketOptionProvider else {
            return context.close(promise: nil)
        }
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let value = SystemCalls.Linger(isOn: 1, seconds: 0)
        options.unsafeSetSocketOption(level: .socket, name: .so_linger, value: value).whenComplete { _ in
            loopBound.value.close(promise: nil)
        }
    }

    private func finish(_ outcome: Outcome) {
        guard let exchange else { return }
        self.exchange = nil
        service.finished(exchange.ticket, status: exchange.plan.status, chunks: exchange.chunksSent, outcome: outcome)
    }
}
