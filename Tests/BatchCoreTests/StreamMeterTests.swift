import BatchCore
import Testing

@Suite("StreamMeter and TokenUsage")
struct StreamMeterTests {
    @Test("before the first chunk there is nothing")
    func empty() {
        let meter = StreamMeter()
        #expect(meter.outputTokens == 0)
        #expect(meter.chunkCount == 0)
        #expect(meter.lastChunk == nil)
    }

    @Test("tokens are estimated from the text until the server tells its count")
    func estimate() {
        let meter = StreamMeter()
        meter.add(textBytes: 30, outputTokens: nil, now: .zero)
        meter.add(textBytes: 11, outputTokens: nil, now: .milliseconds(1500))
        #expect(meter.outputTokens == 10)
        meter.add(textBytes: 400, outputTokens: 7, now: .milliseconds(1750))
        #expect(meter.outputTokens == 7)
        meter.add(textBytes: 400, outputTokens: nil, now: .milliseconds(1800))
        #expect(meter.outputTokens == 7)
        #expect(meter.chunkCount == 4)
        #expect(meter.lastChunk == .milliseconds(1800))
    }

    @Test("a chunk at the very start of the clock counts as a chunk")
    func chunkAtZero() {
        let meter = StreamMeter()
        meter.add(textBytes: 0, outputTokens: nil, now: .zero)
        #expect(meter.lastChunk == .zero)
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
