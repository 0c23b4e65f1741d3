import JSON
import JobFiles
import TestSupport
import Testing

@testable import JobFiles

private func render(_ text: String, _ values: JSONObject) throws -> String {
    let template = try PromptTemplate(parsing: text)
    let scope = TemplateScope(layers: [values])
    #expect(template.problems(in: scope).map(\.message) == [])
    return try #require(template.render(scope))
}

private func problems(_ text: String, _ values: JSONObject, isOpen: Bool = false) throws -> [String] {
    try PromptTemplate(parsing: text).problems(in: TemplateScope(layers: [values], isOpen: isOpen)).map(\.message)
}

@Suite struct TemplateTests {
    @Test("nothing is escaped", arguments: ["{{x}}", "{{{x}}}", "{{& x }}", "{{ x }}"])
    func noEscaping(tag: String) throws {
        let text = "<b> & \"quotes\" 'and' \\n {{x}} {{{y}}}\u{2028}"
        #expect(try render("a<&\"\(tag)\">", ["x": .string(text)]) == "a<&\"\(text)\">")
    }

    @Test("nothing is escaped inside sections either")
    func noEscapingInSections() throws {
        #expect(
            try render("{{#a}}<{{b}}{{#c}}{{.}}&{{/c}}{{/a}}", ["a": ["b": "<&", "c": ["\"", "'"]]]) == "<<&\"&'&"
        )
    }

    @Test(
        "text around tags is kept to the byte",
        arguments: [
            "{{x}}", "\n{{x}}", "  {{x}}\n", "\n\n  a {{x}}\n\n", "{ {{x}} }", "{{x}} {", "{\"a\": {{x}} }", "{{x}}}",
            "\r\n{{x}}\r\n", "\t{{x}}", "é{{x}}é", "{{x}}\u{301}", "{{x}}{{x}}",
        ]
    )
    func surroundings(text: String) throws {
        let parts = text.utf8.split(separator: "{{x}}".utf8, omittingEmptySubsequences: false).map { String($0) ?? "" }
        #expect(try render(text, ["x": "V"]).unicodeScalars.elementsEqual(parts.joined(separator: "V").unicodeScalars))
    }

    @Test("variables read the same by our own joining and by Mustache, if all have a value")
    func agreement() throws {
        let values: JSONObject = [
            "s": "<&>\"'\n {{x}}", "n": .number(JSONNumber(digits: "1.50")), "i": -7,
            "big": .number(JSONNumber(digits: "1e400")),
            "t": true, "f": false, "z": nil, "e": "", "a": [1, "x", nil], "o": ["k": ["j": "deep"]], "Full name": "F",
        ]
        let names = ["s", "n", "i", "big", "t", "f", "z", "e", "a", "o", "o.k", "o.k.j", "Full name", "none", "s.none"]
        let texts = ["", " ", "\n", "  \n  ", "{", "}", "} {", "ü", "a\r\nb", "{ x }"]
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            var text = texts.randomElement(using: &random) ?? ""
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                text += text.hasSuffix("{") ? " " : ""
                text += "{{\(names.randomElement(using: &random) ?? "")}}\(texts.randomElement(using: &random) ?? "")"
            }
            let template = try PromptTemplate(parsing: text)
            let scope = TemplateScope(layers: [values])
            let byMustache = try template.renderByMustache(scope)
            #expect(template.render(scope) == (template.problems(in: scope).isEmpty ? byMustache : nil), "\(text)")
        }
    }

    @Test("a text without tags is never read as a template", arguments: ["{x}", "}}", "{", "a } b { c", "{% raw %}"])
    func constants(text: String) throws {
        let template = try PromptTemplate(parsing: text)
        #expect(template.isConstant)
        #expect(template.render(TemplateScope(layers: [])) == text)
    }

    @Test("JSON values read as people expect")
    func values() throws {
        let values: JSONObject = [
            "n": .number(JSONNumber(digits: "1.50")), "big": .number(JSONNumber(digits: "12345678901234567890")),
            "i": 7,
            "t": true, "f": false, "null": nil, "o": ["a": [1, "x"]], "l": ["p", "q"], "empty": "",
        ]
        #expect(
            try render("{{n}} {{big}} {{i}} {{t}} {{f}} <{{null}}> {{o}} {{l}} {{o.a}} <{{empty}}>", values)
                == "1.50 12345678901234567890 7 true false <> {\"a\":[1,\"x\"]} [\"p\",\"q\"] [1,\"x\"] <>"
        )
    }

    @Test("sections repeat over lists and ask for conditions")
    func sections() throws {
        let values: JSONObject = [
            "people": [["name": "Ada", "tags": ["x", "y"]], ["name": "Bo", "tags": []]], "yes": true, "no": false,
            "none": nil,
            "title": "T",
        ]
        #expect(
            try render(
                "{{#people}}{{plusone(index())}}. {{name}} of {{title}}{{#tags}} {{.}}{{/tags}}{{^tags}} -{{/tags}}{{^last()}}, {{/last()}}{{/people}}",
                values
            ) == "1. Ada of T x y, 2. Bo of T -"
        )
        #expect(
            try render("{{#yes}}Y{{/yes}}{{#no}}N{{/no}}{{^none}}0{{/none}}{{#title}}[{{.}}]{{/title}}", values)
                == "Y0[T]"
        )
        #expect(
            try render("{{count(people)}} {{uppercased(title)}} {{#empty(people)}}none{{/empty(people)}}", values)
                == "2 T "
        )
    }

    @Test("a section on lines of its own leaves no empty lines")
    func standaloneSections() throws {
        #expect(try render("{{#l}}\n- {{.}}\n{{/l}}\nend", ["l": ["a", "b"]]) == "- a\n- b\nend")
        #expect(try render("a\n  {{! a remark {{x}}\nb {{l}}", ["l": "c"]) == "a\nb c")
    }

    @Test("columns may have any name that holds no dot")
    func names() throws {
        let values: JSONObject = ["Full name": "a", "Straße": "b", "50%?": "c", "a-b_c": "d", "日本": ["語": "e"]]
        #expect(try render("{{Full name}}{{ Straße }}{{50%?}}{{a-b_c}}{{日本.語}}", values) == "abcde")
    }

    @Test("the first layer that has a name counts")
    func layers() throws {
        let template = try PromptTemplate(parsing: "{{a}}{{b}}{{c}}")
        let scope = TemplateScope(layers: [["a": "1"], ["a": "x", "b": "2"], ["b": "y", "c": "3"]])
        #expect(template.render(scope) == "123")
    }

    @Test(
        "a name without a value is found",
        arguments: [
            ("{{y}}", ["unknown variable \"y\""]), ("{{x.y}}", ["unknown variable \"x.y\""]),
            ("{{o.z}} {{o.a}}", ["unknown variable \"o.z\""]), ("{{#y}}{{z}}{{/y}}", ["unknown variable \"y\""]),
            ("{{#l}}{{q}}{{/l}}", ["unknown variable \"q\""]), ("{{#l}}{{x}}{{a}}{{/l}}", []),
            ("{{#f}}{{q}}{{/f}}", []), ("{{^f}}{{q}}{{/f}}", ["unknown variable \"q\""]),
            ("{{count(x)}}", ["count() cannot be applied to text"]),
            ("{{uppercased(l)}}", ["uppercased() cannot be applied to a list"]),
            ("{{index()}}", ["index() has a meaning only inside a list"]), ("{{! y }}", []),
        ]
    )
    func unknown(text: String, expected: [String]) throws {
        let values: JSONObject = ["x": "1", "o": ["a": 1], "l": [["a": 1], ["a": 2]], "f": false]
        #expect(try problems(text, values) == expected)
    }

    @Test("where rows may differ, a section asks whether a field is there")
    func openScope() throws {
        #expect(try problems("{{#y}}{{q}}{{/y}}{{^y}}none{{/y}}", [:], isOpen: true) == [])
        #expect(try problems("{{y}}", [:], isOpen: true) == ["unknown variable \"y\""])
    }

    @Test("values are never read as templates")
    func noInjection() throws {
        #expect(try render("{{x}}", ["x": "{{y}} {{#z}}"]) == "{{y}} {{#z}}")
        #expect(try render("{{open}}name}}", ["open": "{{"]) == "{{name}}")
    }
}
