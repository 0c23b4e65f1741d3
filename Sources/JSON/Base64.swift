/// Base64 with the standard alphabet and padding, straight between bytes and ASCII (RFC 4648, section 4).
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The value of each character; 255 for those that are none.
    ///
    /// `-` and `_`, the URL-safe spelling of `+` and `/`, are read as well.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() {
            values[Int(character)] = UInt8(value)
        }
        values[Int(UInt8(ascii: "-"))] = 62
        values[Int(UInt8(ascii: "_"))] = 63
        return values
    }()

    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { output, count in
            var index = 0
            while index < bytes.count {
                let second = index + 1 < bytes.count ? bytes[index + 1] : 0
                let third = index + 2 < bytes.count ? bytes[index + 2] : 0
                let group = UInt32(bytes[index]) << 16 | UInt32(second) << 8 | UInt32(third)
                output[count] = alphabet[Int(group >> 18)]
                output[count + 1] = alphabet[Int(group >> 12 & 63)]
                output[count + 2] = index + 1 < bytes.count ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "=")
                output[count + 3] = index + 2 < bytes.count ? alphabet[Int(group & 63)] : UInt8(ascii: "=")
                count += 4
                index += 3
            }
        }
    }

    /// The bytes of a text, in one pass and one allocation; padding may be missing.
    ///
    /// - Returns: `nil` if the text has other characters, or a length that no bytes have.
    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { characters in
            var length = characters.count
            while length > 0, characters.count - length < 2, characters[length - 1] == UInt8(ascii: "=") {
                length -= 1
            }
            guard length % 4 != 1, length == characters.count || characters.count % 4 == 0 else { return nil }
            return decode(UnsafeBufferPointer(rebasing: characters[..<length]))
        }
    }

    private static func decode(_ characters: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var isValid = true
        let bytes = [UInt8](unsafeUninitializedCapacity: characters.count / 4 * 3 + 2) { output, count in
            values.withUnsafeBufferPointer { values in
                var group: UInt32 = 0
                var bits = 0
                for character in characters {
                    let value = values[Int(character)]
                    guard value < 64 else {
                        isValid = false
                        return
                    }
                    group = group << 6 | UInt32(value)
                    bits += 6
                    if bits >= 8 {
                        bits -= 8
                        output[count] = UInt8(truncatingIfNeeded: group >> UInt32(bits))
                        count += 1
                    }
                }
            }
        }
        return isValid ? bytes : nil
    }

    /// With the alphabet for addresses and without padding (RFC 4648, section 5).
    package static func encodeURL(_ bytes: [UInt8]) -> [UInt8] {
        encode(bytes).compactMap { byte in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: byte
            }
        }
    }
}
