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
    func split(_ key: String) -> (base: Substring, values: [String])? {
        guard key.hasSuffix("]"), let first = names.first, let start = Self.lastStart("[\(first)=", in: key)
        else { return nil }
        var rest = key[start...].dropFirst(first.count + 2).dropLast()
        var values: [String] = []
        for name in names.dropFirst() {
            guard let next = Self.start(of: ",\(name)=", in: rest) else { return nil }
            values.append(String(rest[..<next]))
            rest = rest[next...].dropFirst(name.count + 2)
        }
        values.append(String(rest))
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

    private static func lastStart(_ text: String, in key: String) -> String.Index? {
        key.indices.last { key[$0...].hasPrefix(text) }
    }

    private static func start(of text: String, in rest: Substring) -> String.Index? {
        rest.indices.first { rest[$0...].hasPrefix(text) }
    }
}
