/// A table of text and numbers; a wide one scrolls in itself.
struct Table {
    struct Column {
        let name: String
        let isNumber: Bool

        init(_ name: String, isNumber: Bool = false) {
            self.name = name
            self.isNumber = isNumber
        }

        var style: String { isNumber ? "number" : "" }
    }

    let columns: [Column]
    let rows: [[String]]

    func write(to markup: inout Markup) {
        markup.element("div", ["class": "scroll", "tabindex": "0"]) { markup in
            markup.element("table") { markup in
                markup.element("thead") { markup in
                    markup.element("tr") { markup in
                        for column in columns {
                            markup.element("th", ["scope": "col", "class": column.style], column.name)
                        }
                    }
                }
                markup.element("tbody") { markup in
                    for row in rows {
                        markup.element("tr") { markup in
                            for (column, cell) in zip(columns, row) {
                                markup.element("td", ["class": column.style, "dir": "auto"], cell)
                            }
                        }
                    }
                }
            }
        }
    }
}
