import TestSupport
import Testing

@testable import BatchCore

@Suite("TokenEstimate")
struct TokenEstimateTests {
    private let item = PendingItem.plain(String(repeating: "word ", count: 80))

    @Test("at first four bytes are a token, and an image some more than a thousand")
    func first() {
        #expect(TokenEstimate().tokens(of: work(item)) == 100)
        #expect(TokenEstimate().tokens(of: work(.plain(""))) == 1)
        var withImage = item
        withImage.request.turns[0].media = [MediaReference(.uri("gs://bucket/a.png"), mimeType: "image/png")]
        #expect(TokenEstimate().tokens(of: work(withImage)) == 1220)
    }

    @Test(
        "media are estimated by kind and size, and by an ordinary one of their kind if it is not known",
        arguments: [
            ("image/png", nil, 1120), ("image/jpeg", 5_000_000, 1120),
            ("audio/mp3", 28_800_000, 115_200), ("audio/mp3", nil, 19_200), ("audio/wav", 115_200_000, 115_200),
            ("video/mp4", 60_000_000, 300_000), ("video/mp4", nil, 174_000), ("video/mp4", 2_000_000_000, 1 << 20),
            ("application/pdf", 10_000, 560), ("application/pdf", 900_000, 10_000), ("text/csv", 4000, 1000),
        ] as [(String, Int?, Int)]
    )
    func media(type: String, size: Int?, tokens: Int) {
        var film = PendingItem.plain("")
        film.request.turns[0].media = [MediaReference(.uri("gs://bucket/a"), mimeType: type, size: size)]
        #expect(TokenEstimate().tokens(of: work(film)) == tokens)
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
