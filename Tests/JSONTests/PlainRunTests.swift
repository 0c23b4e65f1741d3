import JSON
import Testing

@Suite("Runs of plain bytes")
struct PlainRunTests {
    /// What JSON treats specially, its neighbours, and bytes above ASCII, among them those that look alike with a bit less.
    private static let scalars: [Unicode.Scalar] = [
        "\"", "\\", "\u{0}", "\u{8}", "\t", "\n", "\u{1F}", " ", "!", "#", "[", "]", "\u{7F}", "\u{80}", "\u{A2}",
        "\u{DC}",
        "\u{E2}", "\u{2027}", "\u{2028}", "\u{2029}", "\u{202A}", "\u{22A2}", "\u{FFFD}", "\u{1F98A}",
    ]

    /// A string as JSON, scalar by scalar.
    private static func reference(_ text: String) -> String {
        let content = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case "\u{2028}": "\\u2028"
            case "\u{2029}": "\\u2029"
            case let scalar where scalar.value < 0x20:
                "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"\(content.joined())\""
    }

    @Test("a special character is found at every place of a word, and near every end")
    func everyPlace() throws {
        for scalar in Self.scalars {
            for before in 0..<18 {
                for after in [0, 1, 2, 3, 5, 7, 8, 9, 16] {
                    let (start, end) = (String(repeating: "a", count: before), String(repeating: "é", count: after))
                    let text = start + String(scalar) + end
                    let json = JSONValue.string(text).text
                    #expect(json == Self.reference(text))
                    #expect(try JSONValue(parsing: json).string == text)
                }
            }
        }
    }

    @Test("a control character in a string is refused where it stands")
    func controlCharacters() {
        for before in 0..<18 {
            let document = "\"" + String(repeating: "x", count: before) + "\u{1}yyyyyyyyyyyyyyyyyyyy\""
            #expect(throws: JSONError("control character in a string", at: before + 1)) {
                try JSONValue(parsing: document)
            }
        }
    }
}
