internal import JSON

/// The axes of a job's matrix, as the keys of its items show them: `KEY[model=a,bullets=3]`.
package struct MatrixAxes: Sendable, Equatable {
    package let names: [String]

    /// Finds the axes out from one item; `nil` if the job has no matrix.
    ///
    /// - Parameters:
    ///   - key: Of an item of the job.
    ///   - input: Its input, a JSON object: the values of the matrix are in it.
    package init?(key: String, input: String) {
        guard key.hasSuffix("]"), let columns = (try? JSONValue(parsing: input))?.object else { return nil }
        let texts = columns.map { (name: $0.name, text: Self.text($0.value)) }
        for start in key.indices where key[start] == "[" {
            let content = key[key.index(after: start)...].dropLast()
            if let names = Self.names(in: content, texts) {
                self.names = names
                return
            }
        }
        return nil
    }

    /// The values of an item on the axes; `nil` if its key has others.
    package func values(of key: String) -> [String]? {
        split(key)?.values
    }

    /// The key without the values of the matrix, and those.
    ///
    /// By bytes, because it is done for every request.
    func split(_ key: String) -> (base: Substring, values: [String])? {
        guard key.utf8.last == UInt8(ascii: "]"), let first = names.first else { return nil }
        let opening = "[\(first)="
        let start = key.utf8.indices.last { key.utf8[$0...].starts(with: opening.utf8) }
        guard let start else { return nil }
        var rest = key[start...].utf8.dropFirst(opening.utf8.count).dropLast()
        var values: [String] = []
        for name in names.dropFirst() {
            let separator = ",\(name)="
            guard let next = rest.indices.first(where: { rest[$0...].starts(with: separator.utf8) }) else { return nil }
            values.append(String(Substring(rest[..<next])))
            rest = rest[next...].dropFirst(separator.utf8.count)
        }
        values.append(String(Substring(rest)))
        return (key[..<start], values)
    }

    /// The names of `name=value,name=value`, each a column with that value.
    private static func names(in content: Substring, _ columns: [(name: String, text: String)]) -> [String]? {
        for column in columns where content.hasPrefix("\(column.name)=\(column.text)") {
            let rest = content.dropFirst(column.name.count + 1 + column.text.count)
            if rest.isEmpty { return [column.name] }
            if rest.first == ",", let others = names(in: rest.dropFirst(), columns) {
                return [column.name] + others
            }
        }
        return nil
    }

    private static func text(_ value: JSONValue) -> String {
        value.string ?? value.text
    }
}
