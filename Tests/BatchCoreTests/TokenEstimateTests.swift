import TestSupport
import Testing

@testable import BatchCore

@Suite("TokenEstimate")
struct TokenEstimateTests {
    private let item = PendingItem.plain(String(repeating: "word ", count: 80))

    @Test("at first four bytes are a token, and an image some hundreds")
    func first() {
        #expect(TokenEstimate().tokens(of: work(item)) == 100)
        #expect(TokenEstimate().tokens(of: work(.plain(""))) == 1)
        var withImage = item
        withImage.request.turns[0].media = [MediaReference(.uri("gs://bucket/a.png"), mimeType: "image/png")]
        #expect(TokenEstimate().tokens(of: work(withImage)) == 358)
    }

    @Test("a chat counts what is sent: the turns so far, the answers between them, and the instruction")
    func chat() {
        var chat = PendingItem.chat("talk", turns: ["aaaa", "bbbb", "cccc"], answeredTurns: ["dddddddd"])
        chat.request.systemInstruction = "eeee"
        #expect(TokenEstimate().tokens(of: work(chat)) == 5)
    }

    @Test("the counts that come back move the estimate, and tell by how much it was wrong")
    func learns() {
        var estimate = TokenEstimate()
        #expect(estimate.correct(100, of: work(item), reported: 150) == 50)
        #expect(estimate.tokens(of: work(item)) == 105)
        for _ in 1...100 {
            _ = estimate.correct(100, of: work(item), reported: 200)
        }
        #expect((195...200).contains(estimate.tokens(of: work(item))))
    }

    @Test("counts that cannot be do no harm", arguments: [Int.min, -1, Int.max])
    func absurdCounts(reported: Int) {
        var estimate = TokenEstimate()
        _ = estimate.correct(100, of: work(item), reported: reported)
        #expect(estimate.tokens(of: work(item)) >= 1)
    }

    private func work(_ item: PendingItem) -> Work {
        let machine = ItemMachine(turns: item.request.turns.count, answeredTurns: 0, job: Job(name: "test"))
        return Work(item: item, machine: machine, lane: 0)
    }

    @Test("a repair counts the refused answer and what is said about it")
    func repair() {
        var repair = work(.plain("hi"))
        let plain = TokenEstimate().tokens(of: repair)
        var random = SystemRandomNumberGenerator()
        let refused = GenerationError(.check, "no JSON", partialText: String(repeating: "a", count: 4000))
        _ = repair.machine.failed(refused, isServiceDown: false, using: &random)
        #expect(TokenEstimate().tokens(of: repair) > plain + 1000)
    }
}
