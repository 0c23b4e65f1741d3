/// Makes control characters visible, which terminals obey and readers of tables stumble over.
enum VisibleText {
    /// Appends text with pictures for control characters: `␀` for NUL, and so on.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - keepsLines: Whether tabs and the ends of lines stay what they are.
    ///   - buffer: Where the UTF-8 bytes go.
    static func append(_ text: String, keepsLines: Bool, to buffer: inout [UInt8]) {
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            var index = 0
            while index < bytes.count {
                let length = controlLength(bytes, at: index, keepsLines)
                if length > 0 {
                    buffer.append(contentsOf: bytes[start..<index])
                    buffer.append(contentsOf: picture(bytes[index]))
                    start = index + length
                }
                index += max(length, 1)
            }
            buffer.append(contentsOf: bytes[start...])
        }
    }

    static func visible(_ text: String) -> String {
        var bytes: [UInt8] = []
        append(text, keepsLines: false, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// How many bytes the control character at an index has; 0 if there is none.
    private static func controlLength(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int, _ keepsLines: Bool) -> Int {
        switch bytes[index] {
        case 0x09, 0x0A, 0x0D: keepsLines ? 0 : 1
        case 0..<0x20, 0x7F: 1
        // U+0080 to U+009F, which are control characters too.
        case 0xC2 where index + 1 < bytes.count && bytes[index + 1] < 0xA0: 2
        default: 0
        }
    }

    private static func picture(_ byte: UInt8) -> String.UTF8View {
        switch byte {
        case 0x7F: "\u{2421}".utf8
        case 0xC2: "\u{FFFD}".utf8
        default: String(UnicodeScalar(0x2400 + UInt16(byte)) ?? "\u{FFFD}").utf8
        }
    }
}
