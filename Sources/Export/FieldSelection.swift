/// The fields of an export in their order.
package struct FieldSelection: Sendable {
    let fields: [ResultField]
    /// Whether they were asked for by name, so that each is in every row.
    let isExplicit: Bool

    /// Chooses fields.
    ///
    /// - Parameters:
    ///   - names: Names of fields, of groups of them (`usage`), or of input columns (`input.title`), each alone or as a
    ///     list with commas; none for what the format shows by itself.
    ///   - format: A table has a column for each input column, and none for lists unless they are asked for.
    ///   - inputColumns: The names in the inputs of all items; `nil` if they are too many to be listed.
    /// - Throws: A ``FieldError`` with the names that there are.
    package init(_ names: [String] = [], format: ExportFormat, inputColumns: [String]?) throws(FieldError) {
        isExplicit = !names.isEmpty
        var chosen: [ResultField] = []
        for name in Self.split(names, inputColumns) {
            chosen += try Self.fields(named: name, inputColumns)
        }
        if names.isEmpty {
            chosen = Self.standard(format)
        }
        if format == .csv {
            chosen = try Self.withColumns(chosen, inputColumns)
        }
        fields = Self.withoutRepetitions(chosen)
    }

    /// The fields of JSON Lines.
    package static let standard = FieldSelection(standard: .jsonl)

    private init(standard format: ExportFormat) {
        fields = Self.standard(format)
        isExplicit = false
    }

    /// Whether the names in the inputs have to be known to choose these fields.
    package static func needsInputColumns(_ names: [String], format: ExportFormat) -> Bool {
        names.isEmpty ? format == .csv : names.contains { $0.contains("input") }
    }

    /// Whether rows say what became of media.
    package var showsMedia: Bool {
        fields.contains { ["media", "parts", "turns"].contains($0.name) }
    }

    /// Whether rows hold all of an answer, its media included.
    package var showsParts: Bool {
        fields.contains { ["parts", "turns"].contains($0.name) }
    }

    // MARK: Names

    private static func standard(_ format: ExportFormat) -> [ResultField] {
        switch format {
        case .jsonl: ResultField.all
        case .csv: ResultField.all.filter { !["orphaned", "parts", "turns"].contains($0.name) }
        case .markdown:
            [
                "state", "orphaned", "model", "truncated", "error.class", "error.message", "input", "text", "turns",
                "media",
            ].flatMap { name in ResultField.all.filter { $0.name == name } }
        }
    }

    /// Cuts lists at their commas, but for the names of columns that have commas in them.
    private static func split(_ names: [String], _ inputColumns: [String]?) -> [String] {
        names.flatMap { name in
            let isColumn = name.hasPrefix("input.") && inputColumns?.contains(String(name.dropFirst(6))) == true
            return isColumn ? [name] : name.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    private static func fields(named name: String, _ inputColumns: [String]?) throws(FieldError) -> [ResultField] {
        let fields = ResultField.all.filter { $0.name == name || $0.name.hasPrefix(name + ".") }
        if !fields.isEmpty { return fields }
        guard name.hasPrefix("input."), let column = inputColumn(String(name.dropFirst(6)), inputColumns) else {
            throw FieldError(unknown: name, inputColumns: inputColumns)
        }
        return [column]
    }

    /// The column of a name, or the member inside a column: the longest column that fits, since columns may have dots.
    private static func inputColumn(_ name: String, _ columns: [String]?) -> ResultField? {
        let words = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        // What cannot be checked is taken at its word.
        guard let columns else { return ResultField(inputColumn: words[0], member: Array(words.dropFirst())) }
        for count in stride(from: words.count, to: 0, by: -1) {
            let column = words.prefix(count).joined(separator: ".")
            if columns.contains(column) {
                return ResultField(inputColumn: column, member: Array(words.dropFirst(count)))
            }
        }
        return nil
    }

    // MARK: Order

    /// Puts a field for each input column in the place of the input.
    private static func withColumns(
        _ fields: [ResultField],
        _ inputColumns: [String]?
    ) throws(FieldError) -> [ResultField] {
        guard fields.contains(where: { $0.name == "input" }) else { return fields }
        guard let inputColumns else { throw FieldError.tooManyColumns }
        return fields.flatMap { field in
            field.name == "input" ? inputColumns.map { ResultField(inputColumn: $0) } : [field]
        }
    }

    /// Leaves out what was named before, or is part of something else that is named.
    private static func withoutRepetitions(_ fields: [ResultField]) -> [ResultField] {
        let paths = Set(fields.map(\.path))
        var seen: Set<[String]> = []
        return fields.filter { field in
            let isCovered = field.path.indices.dropFirst().contains { paths.contains(Array(field.path[..<$0])) }
            return !isCovered && seen.insert(field.path).inserted
        }
    }
}

/// A field that cannot be written.
package struct FieldError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    static let tooManyColumns = FieldError(
        description: "the inputs have too many names for a table; choose columns with --fields, or write JSON Lines"
    )

    private init(description: String) {
        self.description = description
    }

    init(unknown name: String, inputColumns: [String]?) {
        let known = ResultField.all.map(\.name) + (inputColumns ?? []).map { "input.\($0)" }
        description = "there is no field \"\(name)\"; the fields are: \(known.joined(separator: ", "))"
    }

    /// A column of the input that no item has.
    package init(unknownColumn name: String, inputColumns: [String]) {
        let columns = inputColumns.joined(separator: ", ")
        let known = columns.isEmpty ? "there are no columns" : "the columns are: \(columns)"
        description = "no item has an input column \"\(name)\"; \(known)"
    }
}
