import TestSupport
import Testing

@testable import BatchCore

@Suite("TokenEstimate")
struct TokenEstimateTests {
    private let item = PendingItem.plain(String(repeating: "word ", count: 80))

    @Test("at first four bytes are a token, and an image some hundreds")
    func first() {
        #expect(TokenEstimate().tokens(of: item) == 100)
        #expect(TokenEstimate().tokens(of: .plain("")) == 1)
        var withImage = item
        withImage.request.turns[0].media = [MediaReference(.uri("gs://bucket/a.png"), mimeType: "image/png")]
        #expect(TokenEstimate().tokens(of: withImage) == 358)
    }

    @Test("a chat counts what is sent: the turns so far, the answers between them, and the instruction")
    func chat() {
        var chat = PendingItem.chat("talk", turns: ["aaaa", "bbbb", "cccc"], answeredTurns: ["dddddddd"])
        chat.request.systemInstruction = "eeee"
        #expect(TokenEstimate().tokens(of: chat) == 5)
    }

    @Test("the counts that come back move the estimate, and tell by how much it was wrong")
    func learns() {
        var estimate = TokenEstimate()
        #expect(estimate.correct(100, of: item, reported: 150) == 50)
        #expect(estimate.tokens(of: item) == 105)
        for _ in 1...100 {
            _ = estimate.correct(100, of: item, reported: 200)
        }
        #expect((195...200).contains(estimate.tokens(of: item)))
    }

    @Test("counts that cannot be do no harm", arguments: [Int.min, -1, Int.max])
    func absurdCounts(reported: Int) {
        var estimate = TokenEstimate()
        _ = estimate.correct(100, of: item, reported: reported)
        #expect(estimate.tokens(of: item) >= 1)
    }
}
