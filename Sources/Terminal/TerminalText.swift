/// Text from users, models and servers made safe and short enough for a terminal.
package enum TerminalText {
    /// The text with everything that could steer a terminal or reorder what is read shown as a visible escape.
    ///
    /// Only newline and tab pass; other control characters become `\x1b` and the like, bidirectional overrides and
    /// isolates `\u{202e}`. The result of a part does not depend on its neighbours, so streamed text may be escaped chunk
    /// by chunk.
    package static func escape(_ text: String) -> String {
        escape(text) { $0 == "\n" || $0 == "\t" }
    }

    /// The text on one line: as ``escape(_:)``, with newline and tab escaped too.
    package static func escapeLine(_ text: String) -> String {
        escape(text) { _ in false }
    }

    /// How many columns the text takes; zero for combining marks, two for wide characters and emoji.
    ///
    /// Terminals differ on joined emoji. Counting every scalar gives the widest answer, so that a line that was cut to a
    /// width never wraps.
    package static func columns(_ text: String) -> Int {
        // Most keys and all of our own words are plain.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
        return text.reduce(0) { $0 + columns($1) }
    }

    /// The beginning of the text, or its end, in at most `limit` columns; an ellipsis stands for what was cut.
    ///
    /// - Parameters:
    ///   - text: Text on one line, already escaped.
    ///   - limit: The columns there are.
    ///   - keepsEnd: Whether to cut at the beginning, as paths are best shown.
    ///   - ellipsis: What marks the cut, one column wide.
    /// - Returns: The text if it fits, else a part of it.
    package static func cut(
        _ text: String,
        to limit: Int,
        keepingEnd keepsEnd: Bool = false,
        ellipsis: String = "…"
    ) -> String {
        guard columns(text) > limit else { return text }
        guard limit > 0 else { return "" }
        var room = limit - 1
        var kept: [Character] = []
        for character in keepsEnd ? Array(text.reversed()) : Array(text) {
            room -= columns(character)
            guard room >= 0 else { break }
            kept.append(character)
        }
        return keepsEnd ? ellipsis + String(kept.reversed()) : String(kept) + ellipsis
    }

    /// Replaces characters inside JSON text that JSON allows and a terminal obeys by their JSON escapes.
    ///
    /// In JSON text they can only stand inside strings, where the escape means the same.
    static func escapeInJSON(_ json: [UInt8]) -> [UInt8] {
        // Outside ASCII all of them begin with one of two bytes.
        guard json.contains(where: { $0 == 0x7F || $0 == 0xC2 || $0 == 0xE2 }) else { return json }
        var text = ""
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            if isUnsafe(scalar), scalar.value >= 0x7F {
                text += "\\u" + hexadecimal(scalar.value, digits: 4)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return Array(text.utf8)
    }

    private static func escape(_ text: String, except isAllowed: (Unicode.Scalar) -> Bool) -> String {
        guard text.unicodeScalars.contains(where: { isUnsafe($0) && !isAllowed($0) }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar), !isAllowed(scalar) {
                escaped += visible(scalar)
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Control characters of both sets, and those that change the direction of the text after them.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func visible(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case _ where scalar.value < 0x100: "\\x" + hexadecimal(scalar.value, digits: 2)
        default: "\\u{" + hexadecimal(scalar.value, digits: 4) + "}"
        }
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func columns(_ character: Character) -> Int {
        character.unicodeScalars.reduce(0) { $0 + columns($1) }
    }

    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        // The emoji selector asks for the wide form of a character that counted one.
        if scalar.value == 0xFE0F { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return isWide(scalar) ? 2 : 1
        }
    }

    /// The wide and fullwidth blocks of Unicode's East Asian Width, whole, and what is shown as emoji.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x17000...0x18CFF, 0x1B000...0x1B2FF,
            0x20000...0x3FFFD:
            true
        default: scalar.properties.isEmojiPresentation
        }
    }
}
