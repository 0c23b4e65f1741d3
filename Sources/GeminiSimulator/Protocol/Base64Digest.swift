/// What identifies inline bytes: how many they are, and their hash.
struct Base64Digest: Equatable {
    let byteCount: Int
    /// The FNV-1a hash of the decoded bytes.
    let hash: UInt64

    /// Decodes base64 without keeping the bytes; both alphabets are accepted, and padding is optional.
    ///
    /// - Returns: `nil` if the text is not base64.
    init?(of text: String) {
        var hash = StableHash()
        var count = 0
        var bits: UInt32 = 0
        var pending = 0
        var padding = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = Self.value(of: byte) else { return nil }
            bits = bits << 6 | UInt32(value)
            pending += 6
            if pending >= 8 {
                pending -= 8
                hash.combine(UInt8(truncatingIfNeeded: bits >> UInt32(pending)))
                count += 1
            }
        }
        guard pending < 6, padding <= 2 else { return nil }
        byteCount = count
        self.hash = hash.value
    }

    private static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
