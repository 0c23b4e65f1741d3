import BatchCore
import Testing

@Suite("StreamMeter and TokenUsage")
struct StreamMeterTests {
    @Test("before the first chunk there is nothing")
    func empty() {
        let meter = StreamMeter()
        #expect(meter.outputTokens == 0)
        #expect(meter.chunkCount == 0)
    }

    @Test("tokens are estimated from the text until the server tells its count")
    func estimate() {
        let meter = StreamMeter()
        meter.add(textBytes: 30, outputTokens: nil)
        meter.add(textBytes: 11, outputTokens: nil)
        #expect(meter.outputTokens == 10)
        meter.add(textBytes: 400, outputTokens: 7)
        #expect(meter.outputTokens == 7)
        meter.add(textBytes: 400, outputTokens: nil)
        #expect(meter.outputTokens == 7)
        #expect(meter.chunkCount == 4)
    }

    @Test("a chunk without text counts as a chunk")
    func emptyChunk() {
        let meter = StreamMeter()
        meter.add(textBytes: 0, outputTokens: nil)
        #expect(meter.chunkCount == 1)
    }

    @Test("unknown counts stay unknown, and unknown plus known is known")
    func usage() {
        var usage = TokenUsage()
        usage += TokenUsage()
        #expect(usage == TokenUsage())
        usage += TokenUsage(promptTokens: 3, thoughtTokens: 0)
        usage += TokenUsage(promptTokens: 4, outputTokens: 2, cachedTokens: 1, toolUseTokens: 5, totalTokens: 9)
        #expect(
            usage
                == TokenUsage(
                    promptTokens: 7,
                    outputTokens: 2,
                    thoughtTokens: 0,
                    cachedTokens: 1,
                    toolUseTokens: 5,
                    totalTokens: 9
                )
        )
    }
}
