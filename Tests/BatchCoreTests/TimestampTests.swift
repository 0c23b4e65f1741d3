import BatchCore
import Testing

@Suite struct TimestampTests {
    @Test(
        "moments are written as the calendar has them",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func rfc3339(milliseconds: Int64, text: String) {
        #expect(Timestamp.rfc3339(unixMilliseconds: milliseconds) == text)
    }
}
