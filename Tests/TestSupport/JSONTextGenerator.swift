/// Random JSON documents as text, and broken ones: what a parser is held against an oracle with.
package struct JSONTextGenerator: Sendable {
    private var random: SeededGenerator

    package init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// A valid document whose objects have no two members of one name.
    package mutating func document(depth: Int = 4) -> String {
        blanks() + value(depth: depth) + blanks()
    }

    /// A document with some bytes changed, put in, taken out or cut off; often no JSON any more.
    package mutating func mutated(_ text: String) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[index] = significantByte()
            case 1: bytes.insert(significantByte(), at: index)
            case 2: bytes.remove(at: index)
            case 3: bytes.removeSubrange(index...)
            case 4: bytes[index] = UInt8.random(in: 0...255, using: &random)
            default:
                let end = Int.random(in: index...min(bytes.count, index + 12), using: &random)
                bytes.insert(contentsOf: bytes[index..<end], at: Int.random(in: 0...bytes.count, using: &random))
            }
        }
        return bytes
    }

    package mutating func element<Element>(of list: [Element]) -> Element {
        list[Int.random(in: list.indices, using: &random)]
    }

    package mutating func chance(_ part: Int, of whole: Int) -> Bool {
        Int.random(in: 0..<whole, using: &random) < part
    }

    package mutating func count(upTo most: Int) -> Int {
        Int.random(in: 0...most, using: &random)
    }

    /// A value, also a nested one.
    package mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &random) {
        case 0: "null"
        case 1: element(of: ["true", "false"])
        case 2, 3: number()
        case 4, 5, 6: string()
        case 7: array(depth: depth - 1)
        default: object(depth: depth - 1)
        }
    }

    package mutating func number() -> String {
        element(of: [
            "0", "-0", "7", "-12", "65536", "9007199254740993", "9223372036854775807", "-9223372036854775808",
            "18446744073709551616", "0.5", "-0.125", "3.0", "1e3", "1E+2", "25e-1", "1.5e-7", "12345678901234567890.5",
        ])
    }

    /// A string with its quotes; escapes, raw Unicode and line separators among plain letters.
    package mutating func string() -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            text += element(of: [
                "a", "word ", "Größe", "日本", "🐚", "\u{2028}", "\u{85}", "\u{7F}", "e\u{301}", #"\n"#, #"\""#, #"\\"#,
                #"\/"#,
                #"\b\f\r\t"#, #"\u0000"#, #"\u00e9"#, #"\u20AC"#, #"\ud83d\udc1a"#, #"\u2029"#, "{", "]", ":", "data: ",
            ])
        }
        return "\"\(text)\""
    }

    private mutating func array(depth: Int) -> String {
        var elements: [String] = []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            elements.append(blanks() + value(depth: depth) + blanks())
        }
        return "[" + (elements.isEmpty ? blanks() : elements.joined(separator: ",")) + "]"
    }

    private mutating func object(depth: Int) -> String {
        var members: [String] = []
        for number in 0..<Int.random(in: 0...4, using: &random) {
            let name = "\"" + string().dropFirst().dropLast() + "\(number)\""
            members.append(blanks() + name + blanks() + ":" + blanks() + value(depth: depth) + blanks())
        }
        return "{" + (members.isEmpty ? blanks() : members.joined(separator: ",")) + "}"
    }

    private mutating func blanks() -> String {
        element(of: ["", "", "", " ", "\n", "\r\n\t"])
    }

    private mutating func significantByte() -> UInt8 {
        element(of: Array(#"{}[]",:\0123456789-+.eEtfn u"#.utf8))
    }
}
