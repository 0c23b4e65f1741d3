/// HTML and SVG as it grows; the only place where text becomes markup.
///
/// Names of elements and attributes are literals of the source, so that data can be nothing but text or the value of an
/// attribute, and both are escaped.
struct Markup {
    typealias Attributes = KeyValuePairs<StaticString, String>

    private(set) var bytes: [UInt8] = []

    /// Hands out what there is and begins anew.
    mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    mutating func open(_ name: StaticString, _ attributes: Attributes = [:]) {
        append("<", name)
        for (name, value) in attributes {
            append(" ", name)
            append("=\"")
            Self.escape(value, to: &bytes)
            append("\"")
        }
        append(">")
    }

    mutating func close(_ name: StaticString) {
        append("</", name, ">")
    }

    mutating func element(_ name: StaticString, _ attributes: Attributes = [:], _ text: String) {
        open(name, attributes)
        self.text(text)
        close(name)
    }

    mutating func element(
        _ name: StaticString,
        _ attributes: Attributes = [:],
        _ content: (inout Markup) throws -> Void
    ) rethrows {
        open(name, attributes)
        try content(&self)
        close(name)
    }

    mutating func text(_ text: String) {
        Self.escape(text, to: &bytes)
    }

    /// Markup of ours: nothing that comes from data.
    mutating func raw(_ text: StaticString) {
        append(text)
    }

    /// The content of `style` and `script`, which knows no escapes: files of this module.
    mutating func raw(asset bytes: [UInt8]) {
        self.bytes += bytes
    }

    private mutating func append(_ texts: StaticString...) {
        for text in texts {
            text.withUTF8Buffer { bytes += $0 }
        }
    }

    /// Appends text that is text in elements and in attributes between quotes.
    ///
    /// Control characters are shown as pictures, for example `␀`: a parser would drop or replace them.
    static func escape(_ text: String, to buffer: inout [UInt8]) {
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            for (index, byte) in bytes.enumerated() {
                guard let replacement = replacement(of: byte) else { continue }
                buffer += bytes[start..<index]
                buffer += replacement
                start = index + 1
            }
            buffer += bytes[start...]
        }
    }

    private static func replacement(of byte: UInt8) -> String.UTF8View? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;".utf8
        case UInt8(ascii: "<"): "&lt;".utf8
        case UInt8(ascii: ">"): "&gt;".utf8
        case UInt8(ascii: "\""): "&quot;".utf8
        case UInt8(ascii: "'"): "&#39;".utf8
        case 0x09, 0x0A, 0x0D: nil
        case 0x7F: "\u{2421}".utf8
        case 0..<0x20: String(UnicodeScalar(0x2400 + UInt16(byte)) ?? "\u{FFFD}").utf8
        default: nil
        }
    }
}
