import BatchCore
import GenAI
import GenAIGenerating
import TestSupport

/// Sends one turn and returns the answer.
func generate(
    _ item: ItemRequest,
    answered: [String] = [],
    repair: RepairRequest? = nil,
    stream: Bool = true,
    cutsRunaways: Bool = true,
    timeouts: Timeouts = Timeouts(),
    meter: StreamMeter = StreamMeter(),
    against server: LoopbackServer
) async throws -> GenerationResult {
    let options = HTTPOptions(baseURL: server.url, maximumEventBytes: 1 << 20)
    let generator = GenAIGenerator(try Client(apiKey: "AIza-test-key", options: options))
    let request = GenerationRequest(
        item: item,
        answeredTurns: answered,
        repair: repair,
        stream: stream,
        cutsRunaways: cutsRunaways,
        timeouts: timeouts
    )
    return try await generator.generate(request, meter: meter)
}

extension GenAIGenerator {
    /// For items whose media, if they have any, need no upload.
    init(_ client: Client) {
        self.init(
            client: client,
            uploads: MediaUploads(client: client, register: InMemoryUploadRegister(), clock: ManualClock())
        )
    }
}

/// An item of one turn of text.
func item(_ text: String = "Say hello") -> ItemRequest {
    ItemRequest(model: "m", turns: [ItemRequest.Turn(text: text)])
}

/// The error of one turn.
func failure(
    of item: ItemRequest = item(),
    timeouts: Timeouts = Timeouts(),
    _ script: @escaping LoopbackServer.Script
) async throws -> GenerationError? {
    try await withLoopbackServer(script) { server in
        do {
            _ = try await generate(item, timeouts: timeouts, against: server)
            return nil
        } catch let error as GenerationError {
            return error
        }
    }
}
