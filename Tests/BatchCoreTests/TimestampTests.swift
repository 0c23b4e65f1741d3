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

    @Test("what is written is read back, to the millisecond")
    func roundTrip() {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<2000 {
            let milliseconds = Int64.random(in: -60_000_000_000_000...200_000_000_000_000, using: &random)
            let text = Timestamp.rfc3339(unixMilliseconds: milliseconds)
            #expect(Timestamp.unixMilliseconds(rfc3339: text) == milliseconds)
        }
    }

    @Test(
        "moments are read with any fraction and any offset",
        arguments: [
            ("2026-11-22T17:54:27Z", 1_795_370_067_000), ("2026-11-22T17:54:27.1Z", 1_795_370_067_100),
            ("2026-11-22T17:54:27.120999999Z", 1_795_370_067_120), ("2026-11-22t18:54:27.12+01:00", 1_795_370_067_120),
            ("2026-11-22T12:24:27-05:30", 1_795_370_067_000), ("1970-01-01T00:00:00Z", 0),
        ]
    )
    func forms(text: String, milliseconds: Int64) {
        #expect(Timestamp.unixMilliseconds(rfc3339: text) == milliseconds)
    }

    @Test(
        "what names no moment is none",
        arguments: [
            "", "2026-11-22", "2026-11-22T17:54:27", "2026-13-22T17:54:27Z", "2026-11-22T24:00:00Z",
            "2026-11-22T17:54:27+1", "2026-11-22T17:54:27Zulu", "2 26-11-22T17:54:27Z", "2026-11-22T17:54:27.Z1",
        ]
    )
    func noMoment(text: String) {
        #expect(Timestamp.unixMilliseconds(rfc3339: text) == nil)
    }
}
