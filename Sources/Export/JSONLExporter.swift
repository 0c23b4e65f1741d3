internal import JSON

/// One JSON object per line and item; what is unknown is `null`, never 0.
struct JSONLExporter: Exporter {
    /// A member of the object: a field, or a group of fields as an object of its own.
    private enum Member {
        case field(String, ResultField)
        case group(String, [Member])
    }

    private let destination: ExportDestination
    private let members: [Member]
    private let showsAll: Bool
    private var writer = JSONWriter(reserving: 4096)

    init(_ fields: FieldSelection, to destination: ExportDestination) {
        self.destination = destination
        members = Self.members(of: fields.fields.map { ($0.path[...], $0) })
        showsAll = fields.isExplicit
    }

    mutating func write(_ row: ExportedRow) throws {
        writer.removeAll()
        Self.write(members, of: row, showsAll: showsAll, to: &writer)
        try destination.write(writer.bytes)
        try destination.write([UInt8(ascii: "\n")])
    }

    private static func write(_ members: [Member], of row: ExportedRow, showsAll: Bool, to writer: inout JSONWriter) {
        writer.object { writer in
            for member in members {
                switch member {
                case .field(let name, let field):
                    guard showsAll || field.isShown(row) else { continue }
                    writer.key(named: name)
                    field.value(row).write(to: &writer)
                case .group(let name, let members):
                    writer.key(named: name)
                    guard !ResultField.isMissing(group: name, in: row) else {
                        writer.literal("null")
                        continue
                    }
                    write(members, of: row, showsAll: showsAll, to: &writer)
                }
            }
        }
    }

    /// Gathers fields by the first word of their paths; a group stands where its first field does.
    private static func members(of fields: [(path: ArraySlice<String>, field: ResultField)]) -> [Member] {
        var order: [String] = []
        var groups: [String: [(path: ArraySlice<String>, field: ResultField)]] = [:]
        for (path, field) in fields {
            guard let name = path.first else { continue }
            if groups[name] == nil {
                order.append(name)
            }
            groups[name, default: []].append((path.dropFirst(), field))
        }
        return order.map { name in
            let group = groups[name] ?? []
            if let (path, field) = group.first, path.isEmpty { return .field(name, field) }
            return .group(name, members(of: group))
        }
    }
}
