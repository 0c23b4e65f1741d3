import BatchCore
import Foundation
import TestSupport
import Testing

@Suite("Timestamp")
struct TimestampTests {
    @Test(
        "moments are written in UTC with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
            (4_107_542_400_007, "2100-03-01T00:00:00.007Z"), (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
            (1_795_370_067_120, "2026-11-22T17:54:27.120Z"),
        ]
    )
    func known(milliseconds: Int64, text: String) {
        #expect(Timestamp.rfc3339(unixMilliseconds: milliseconds) == text)
    }

    @Test("any moment of four centuries is written as Foundation writes it")
    func agreesWithFoundation() {
        var random = SeededGenerator(seed: 11)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: false)
        for _ in 0..<2000 {
            let seconds = Int64.random(in: -6_000_000_000...7_000_000_000, using: &random)
            let expected = Date(timeIntervalSince1970: Double(seconds)).formatted(style).dropLast() + ".042Z"
            #expect(Timestamp.rfc3339(unixMilliseconds: seconds * 1000 + 42) == expected)
        }
    }
}
