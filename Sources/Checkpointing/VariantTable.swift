internal import BatchCore
internal import JSON
internal import SQLite

/// The table `variant`: gives items that ask the same model in the same way one row.
///
/// A few are remembered, as a job has a few or, with a config for every item, too many to remember.
final class VariantTable {
    struct Variant: Hashable {
        let model: String
        let systemInstruction: String?
        let config: JSONObject
    }

    static let capacity = 256

    private let select: Statement
    private let insert: Statement
    private let find: Statement
    private let connection: Connection
    private var numbers: [Variant: Int64] = [:]
    private var variants: [Int64: Variant] = [:]
    /// The variant used last, which is most often the next one too: compared faster than it is hashed.
    private var last: (variant: Variant, number: Int64)?

    init(_ connection: Connection) throws {
        self.connection = connection
        select = try connection.prepare("SELECT model, system_instruction, config FROM variant WHERE id = ?1")
        find = try connection.prepare("SELECT id FROM variant WHERE digest = ?1")
        insert = try connection.prepare(
            "INSERT INTO variant (model, system_instruction, config, digest) VALUES (?1, ?2, ?3, ?4)"
        )
    }

    /// The number of the variant that a request uses; it gets one if it has none.
    func number(for request: ItemRequest) throws -> Int64 {
        if let last, last.variant.model == request.model, last.variant.config == request.config,
            last.variant.systemInstruction == request.systemInstruction
        {
            return last.number
        }
        let variant = Variant(
            model: request.model,
            systemInstruction: request.systemInstruction,
            config: request.config
        )
        let number = try numbers[variant] ?? stored(variant)
        if numbers.count >= Self.capacity {
            numbers.removeAll()
        }
        numbers[variant] = number
        last = (variant, number)
        return number
    }

    func variant(_ number: Int64) throws -> Variant {
        if let known = variants[number] { return known }
        try select.bind(number, at: 1)
        defer { select.reset() }
        guard try select.step() else {
            throw CheckpointError.damaged(path: connection.path, detail: "variant \(number) is missing")
        }
        let variant = Variant(
            model: select.text(at: 0),
            systemInstruction: select.optionalText(at: 1),
            config: try select.withBytes(at: 2) { bytes in
                var reader = JSONReader(bytes)
                return try reader.readValue().object ?? [:]
            }
        )
        if variants.count >= Self.capacity {
            variants.removeAll()
        }
        variants[number] = variant
        return variant
    }

    /// Forgets what a transaction that was rolled back may have put in.
    func forget() {
        numbers = [:]
        variants = [:]
        last = nil
    }

    private func stored(_ variant: Variant) throws -> Int64 {
        let request = ItemRequest(
            model: variant.model,
            systemInstruction: variant.systemInstruction,
            config: variant.config,
            turns: []
        )
        let digest = ItemFingerprint(of: request).bytes
        try find.bind(blob: digest, at: 1)
        defer { find.reset() }
        if try find.step() { return find.integer(at: 0) }
        try insert.bind(variant.model, at: 1)
        try insert.bind(variant.systemInstruction, at: 2)
        try insert.bind(JSONValue.object(variant.config).text, at: 3)
        try insert.bind(blob: digest, at: 4)
        try insert.run()
        return connection.lastInsertedRowID
    }
}
