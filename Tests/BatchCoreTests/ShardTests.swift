import BatchCore
import Testing

@Suite("Parts of a job")
struct ShardTests {
    @Test("a part is written as its number, from 0, and how many there are")
    func reads() throws {
        let shard = try #require(Shard("3/4"))
        #expect((shard.number, shard.count) == (3, 4))
        #expect(shard.description == "3/4")
        #expect(Shard("0/1") == Shard(0, of: 1))
    }

    @Test(
        "what names no part is refused",
        arguments: ["4/4", "0/0", "-1/4", "1/-4", "1", "1/", "/4", "1/2/3", "a/4", "0/10001", "1 /4", ""]
    )
    func refuses(text: String) {
        #expect(Shard(text) == nil)
    }

    @Test("every item is in exactly one part, and the parts are about equal", arguments: [1, 2, 3, 7])
    func divides(count: Int) throws {
        let shards = try (0..<count).map { try #require(Shard($0, of: count)) }
        var sizes = [Int](repeating: 0, count: count)
        for number in 0..<4_000 {
            let owners = shards.filter { $0.contains(.explicit("item-\(number)")) }
            try #require(owners.count == 1)
            sizes[owners[0].number] += 1
        }
        #expect(sizes.allSatisfy { abs($0 - 4_000 / count) < 200 }, "\(sizes)")
    }

    @Test("the part of a key never changes, so that every version and machine agrees on it")
    func isStable() throws {
        // sha256("scones") begins with b328638c0bbf0c14.
        let expected = Int(0xB328_638C_0BBF_0C14 as UInt64 % 10)
        #expect(try #require(Shard(expected, of: 10)).contains(.explicit("scones")))
        #expect(try #require(Shard(expected, of: 10)).contains(.content("scones")))
    }

    private func digest(_ items: [(SourceItem.Key, String)], model: String = "m") -> [UInt8] {
        var digest = PlanDigest()
        for (key, text) in items {
            digest.add(key, ItemFingerprint(of: ItemRequest(model: model, turns: [.init(text: text)])))
        }
        return digest.bytes
    }

    @Test("the hash of a plan follows from its items and not from their order")
    func digestIgnoresOrder() {
        let items: [(SourceItem.Key, String)] = [
            (.explicit("a"), "one"), (.content("b"), "two"), (.content("b"), "two"),
        ]
        let expected = digest(items)
        #expect(expected.count == 32)
        #expect(digest(items.reversed()) == expected)
        #expect(digest(items, model: "n") != expected)
        #expect(digest(Array(items.dropLast())) != expected, "one of two equal items less")
        #expect(digest([(.explicit("a"), "two"), (.content("b"), "one"), (.content("b"), "two")]) != expected)
    }
}
