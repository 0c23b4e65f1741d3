import TestSupport
import Testing
import YAML

/// Reads a whole text as one node.
private func parse(_ text: String) throws -> YAMLNode {
    try parse(Array(text.utf8))
}

private func parse(_ bytes: [UInt8], pieces: Int = .max) throws -> YAMLNode {
    var rest = bytes[...]
    var parser = try YAMLParser { buffer in
        let piece = rest.prefix(min(buffer.count, pieces))
        buffer.copyBytes(from: piece)
        rest.removeFirst(piece.count)
        return piece.count
    }
    let node = try parser.readNode()
    try parser.finish()
    if let problem = parser.problems.first { throw problem }
    return node
}

private func failure(_ text: String) -> YAMLError? {
    failure(Array(text.utf8))
}

private func failure(_ bytes: [UInt8]) -> YAMLError? {
    do {
        _ = try parse(bytes)
        return nil
    } catch {
        return error as? YAMLError
    }
}

/// A node as text with the place of every scalar.
private func outline(_ node: YAMLNode) -> String {
    switch node.content {
    case .scalar(let scalar): outline(scalar)
    case .sequence(let elements): "[" + elements.map(outline).joined(separator: " ") + "]"
    case .mapping(let pairs):
        "{" + pairs.map { outline($0.key) + "=" + outline($0.value) }.joined(separator: " ") + "}"
    }
}

private func outline(_ key: YAMLScalar) -> String {
    "\(key.text)@\(key.mark.line):\(key.mark.column)"
}

@Suite struct YAMLParserTests {
    @Test("nodes know their line and column")
    func marks() throws {
        let node = try parse("a: 1\nb:\n  - x\n  - {k: 'v'}\n")
        #expect(outline(node) == "{a@1:1=1@1:4 b@2:1=[x@3:5 {k@4:6=v@4:9}]}")
    }

    @Test("columns count characters, not bytes")
    func columnsInCharacters() throws {
        #expect(outline(try parse("{ä€𝄞: x, b: y}")) == "{ä€𝄞@1:2=x@1:7 b@1:10=y@1:13}")
    }

    @Test("a byte order mark and CRLF are accepted", arguments: [1, 2, 3, 4, 5, .max])
    func byteOrderMark(pieces: Int) throws {
        let text = "\u{FEFF}a: 1\r\nb: |\r\n  two\r\n  lines\r\n"
        let node = try parse(Array(text.utf8), pieces: pieces)
        #expect(outline(node) == "{a@1:1=1@1:4 b@2:1=two\nlines\n@2:4}")
    }

    @Test(
        "scalars keep their source text and style",
        arguments: [
            ("no", "no", YAMLScalar.Style.plain), ("012", "012", .plain), ("'it''s'", "it's", .singleQuoted),
            ("\"a\\tb\"", "a\tb", .doubleQuoted), ("|\n  a\n  b", "a\nb", .literal), (">\n  a\n  b", "a b", .folded),
            ("!!str 12", "12", .doubleQuoted), ("12:30:45", "12:30:45", .plain),
        ]
    )
    func scalars(source: String, text: String, style: YAMLScalar.Style) throws {
        let scalar = try #require(try parse(source).scalar)
        #expect(scalar.text == text)
        #expect(scalar.style == style)
    }

    @Test("any split of the text gives the same nodes")
    func splits() throws {
        let bytes = Array("\u{FEFF}a: [1, \"ü\\n\", {b: c}]\r\nd: |\n  tëxt\n".utf8)
        let whole = outline(try parse(bytes))
        for pieces in 1...bytes.count {
            #expect(outline(try parse(bytes, pieces: pieces)) == whole)
        }
    }

    @Test(
        "what is stepped over tells where it stands, in characters",
        arguments: [
            ("ä: [x, y]\nb: 1\n", "[x, y]"), ("ä:\n  - x\n  - 'y'\n# c\nb: 1\n", "- x\n  - 'y'\n# c\n"),
            ("ä:\n- x\n- y\nb: 1\n", "- x\n- y\n"), ("{ä: [x, [y]], b: 1}", "[x, [y]]"),
            ("ä: &a\n  - x\n", "&a\n  - x\n"), ("ä: &a [x]\nb: *a\n", "&a [x]"),
            ("ä: \"x\\n\"\nb: 1\n", "\"x\\n\""), ("ä:\r\n  - x\r\nb: 1\n", "- x\r\n"),
        ]
    )
    func skippedRange(text: String, value: String) throws {
        for mark in ["", "\u{FEFF}"] {
            var parser = try YAMLParser(Array((mark + text).utf8))
            _ = try parser.peek()
            try parser.enter()
            _ = try parser.nextKey()
            let range = try parser.skipValue()
            #expect(String(String.UnicodeScalarView(Array(text.unicodeScalars)[range])) == value)
        }
    }

    @Test("a sequence is walked element by element, and only what has an anchor is kept")
    func streaming() throws {
        var parser = try YAMLParser(Array("skip: [1, &x two, {a: b}]\nlist: [1, *x, [3, 4]]\nlast: z\n".utf8))
        #expect(try parser.peek()?.kind == .mapping)
        try parser.enter()
        #expect(try parser.nextKey()?.text == "skip")
        try parser.skipValue()
        #expect(try parser.nextKey()?.text == "list")
        try parser.enter()
        var elements: [String] = []
        while try parser.nextElement() {
            elements.append(outline(try parser.readNode()))
        }
        #expect(elements == ["1@2:8", "two@1:11", "[3@2:16 4@2:19]"])
        #expect(try parser.nextKey()?.text == "last")
        #expect(outline(try parser.readNode()) == "z@3:7")
        #expect(try parser.nextKey() == nil)
        try parser.finish()
    }

    @Test("empty files have no node", arguments: ["", "\n\n", "# only a comment\n", "\u{FEFF}"])
    func empty(text: String) throws {
        var parser = try YAMLParser(Array(text.utf8))
        #expect(try parser.peek() == nil)
    }
}

@Suite struct YAMLRefusalTests {
    @Test(
        "what is not YAML is refused with its place",
        arguments: [
            ("a: 1\n\tb: 2\n", 2, 1), ("a: 'open\n", 2, 1), ("a: [1, 2\nb: 3\n", 2, 2), ("a: b: c\n", 1, 5),
            ("a: *nowhere\n", 1, 4), ("a: &x [*x]\n", 1, 8), ("? [k]\n: v\n", 1, 3), ("a: 1\n---\nb: 2\n", 2, 1),
            ("a: @x\n", 1, 4), ("a: \u{7}\n", 1, 4),
        ]
    )
    func syntax(text: String, line: Int, column: Int) throws {
        let error = try #require(failure(text))
        #expect(error.mark == YAMLMark(line: line, column: column), "\(error)")
    }

    // Fault matrix: F55.
    @Test("bad UTF-8 is refused with its place", arguments: [0, 10, 16_380, 16_384, 40_000])
    func badUTF8(padding: Int) throws {
        let line = "# ääää" + String(repeating: "x", count: padding) + "\n"
        var bytes = Array((line + "ä: ").utf8)
        bytes += [0xFF, 0x0A]
        let error = try #require(failure(bytes))
        #expect(error.problem.hasPrefix("the text is not UTF-8"))
        #expect(error.mark == YAMLMark(line: 2, column: 4))
    }

    @Test("UTF-16 is refused")
    func utf16() throws {
        #expect(failure([0xFF, 0xFE, 0x61, 0x00])?.problem.hasPrefix("the text is not UTF-8") == true)
    }

    // Fault matrix: F53.
    @Test("a key given twice is told with both places", arguments: [0, 20])
    func duplicateKeys(others: Int) throws {
        let filler = (0..<others).map { "k\($0): 0\n" }.joined()
        let error = try #require(failure("model: a\n\(filler)model: b\n"))
        #expect(error.problem == "the key \"model\" is given twice")
        #expect(error.mark.line == others + 2)
        #expect(error.contextMark == YAMLMark(line: 1, column: 1))
    }

    @Test("merge keys and foreign tags are refused")
    func mergeKeys() throws {
        #expect(failure("a: &a {b: 1}\nc: {<<: *a}\n")?.problem.contains("merge keys") == true)
        #expect(failure("a: !!python/object x\n")?.problem.contains("is not supported") == true)
    }

    // Fault matrix: F52.
    @Test("depth is limited, through aliases too")
    func depth() throws {
        func nested(_ levels: Int, _ inner: String = "x") -> String {
            String(repeating: "[", count: levels) + inner + String(repeating: "]", count: levels)
        }
        #expect(failure(nested(64)) == nil)
        #expect(failure(nested(65))?.problem == "nested more than 64 levels deep")
        #expect(failure(nested(900))?.problem == "nested more than 64 levels deep")
        #expect(failure("a: &a \(nested(40))\nb: \(nested(30, "*a"))\n")?.problem == "nested more than 64 levels deep")
    }

    // Fault matrix: F51.
    @Test("an alias bomb is refused before it expands")
    func aliasBomb() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            text +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]\n"
        }
        #expect(failure(text)?.problem == "aliases expand to more than 1000000 values")
    }

    // Fault matrix: F51.
    @Test("the number of aliases is limited")
    func aliasCount() throws {
        let text = "a: &a x\nb: [" + Array(repeating: "*a", count: 10_001).joined(separator: ", ") + "]\n"
        #expect(failure(text)?.problem == "aliases are used more than 10000 times")
    }

    @Test("a plain document may have more values than aliases may expand to")
    func manyNodes() throws {
        let text = String(repeating: "- x\n", count: 1_000_001)
        var parser = try YAMLParser(Array(text.utf8))
        try parser.enter()
        var count = 0
        while try parser.nextElement() {
            try parser.skipValue()
            count += 1
        }
        #expect(count == 1_000_001)
    }

    @Test("an error of the reader ends the reading and is told")
    func readerFails() throws {
        struct Failure: Error, CustomStringConvertible {
            let description = "the disk is gone"
        }
        var parser = try YAMLParser { _ in throw Failure() }
        #expect(throws: YAMLError("the disk is gone", at: YAMLMark(line: 1, column: 1))) { try parser.readNode() }
    }

    @Test("random changes of a text never crash the parser")
    func mutations() throws {
        let seed = Array(
            """
            version: 1
            anchors: &a {x: [1, "two", 'three'], y: |
                text
              }
            list:
              - *a
              - {k: v, ? [c]: d}
              - >
                folded
                text
            """.utf8
        )
        var random = SeededGenerator(seed: 7)
        for _ in 0..<3000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert("{}[]&*:-,?|>'\"\n\t #".utf8.randomElement(using: &random) ?? 0, at: index)
                }
            }
            _ = failure(bytes)
        }
    }
}
