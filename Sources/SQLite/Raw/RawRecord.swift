/// One row as it stands in a page: the number of the row and the values of its columns.
struct RawRecord {
    var rowID: Int64
    var values: [SQLiteValue]
}

/// Reads records out of the leaves of tables, and takes nothing that does not add up.
struct RecordReader: ~Copyable {
    private let source: PageSource
    /// The pages that the records taken so far go on in.
    private(set) var overflowPages: Set<Int> = []

    init(_ source: consuming PageSource) {
        self.source = source
    }

    var pageCount: Int { source.pageCount }
    var pageSize: Int { source.pageSize }

    func page(_ number: Int) -> [UInt8] {
        source.page(number)
    }

    /// Where the header of the tree stands in a page: the first one has that of the file before it.
    static func start(of number: Int) -> Int {
        number == 1 ? 100 : 0
    }

    /// The places of the cells in a page of a tree; `nil` if it is none, or its header is damaged.
    static func cells(_ page: [UInt8], number: Int, kind: UInt8) -> [Int]? {
        let start = start(of: number)
        guard page[start] == kind else { return nil }
        let isInterior = kind == 0x05
        let first = start + (isInterior ? 12 : 8)
        let count = page.bigEndian(at: start + 3, bytes: 2)
        let content = page.bigEndian(at: start + 5, bytes: 2)
        guard first + 2 * count <= page.count, content == 0 || content >= first + 2 * count else { return nil }
        return (0..<count).map { page.bigEndian(at: first + 2 * $0, bytes: 2) }.filter { $0 >= first + 2 * count }
    }

    /// The record of a cell; `nil` if it is damaged.
    mutating func record(_ page: [UInt8], at cell: Int) -> RawRecord? {
        var cursor = ByteCursor(page[cell...])
        guard let length = cursor.varint(), let rowID = cursor.varint(), length >= 1, length < 1 << 31,
            let payload = payload(of: Int(length), after: cursor, in: page)
        else { return nil }
        return Self.values(payload).map { RawRecord(rowID: rowID, values: $0) }
    }

    /// Puts together what stands in the page and what goes on elsewhere.
    private mutating func payload(of length: Int, after cursor: ByteCursor, in page: [UInt8]) -> [UInt8]? {
        let usable = source.pageSize
        var local = length
        if length > usable - 35 {
            let smallest = (usable - 12) * 32 / 255 - 23
            let spill = smallest + (length - smallest) % (usable - 4)
            local = spill <= usable - 35 ? spill : smallest
        }
        guard cursor.bytes.count >= local + (local < length ? 4 : 0) else { return nil }
        var payload = Array(cursor.bytes.prefix(local))
        guard local < length else { return payload }
        var next = Array(cursor.bytes.dropFirst(local).prefix(4)).bigEndian(at: 0, bytes: 4)
        var chain: Set<Int> = []
        while payload.count < length {
            guard (2...max(2, source.pageCount)).contains(next), !overflowPages.contains(next),
                chain.insert(next).inserted
            else { return nil }
            let overflow = source.page(next)
            payload += overflow[4...].prefix(length - payload.count)
            next = overflow.bigEndian(at: 0, bytes: 4)
        }
        guard next == 0 else { return nil }
        overflowPages.formUnion(chain)
        return payload
    }

    private static func values(_ payload: [UInt8]) -> [SQLiteValue]? {
        var header = ByteCursor(payload[...])
        guard let headerLength = header.varint(), headerLength <= payload.count else { return nil }
        var types: [Int64] = []
        while payload.count - header.bytes.count < Int(headerLength) {
            guard let type = header.varint(), type >= 0, type != 10, type != 11 else { return nil }
            types.append(type)
        }
        var body = ByteCursor(payload.dropFirst(Int(headerLength)))
        var values: [SQLiteValue] = []
        for type in types {
            guard let value = body.value(of: type) else { return nil }
            values.append(value)
        }
        // A record fills its payload to the last byte.
        return body.bytes.isEmpty ? values : nil
    }
}

/// Takes numbers and values off the front of some bytes.
struct ByteCursor {
    private(set) var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// A number of one to nine bytes; `nil` at the end of the bytes.
    mutating func varint() -> Int64? {
        var value: UInt64 = 0
        for index in 0..<9 {
            guard let byte = bytes.popFirst() else { return nil }
            if index == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte < 0x80 { break }
        }
        return Int64(bitPattern: value)
    }

    /// A value of a serial type; `nil` if there are too few bytes, or text is not UTF-8.
    mutating func value(of type: Int64) -> SQLiteValue? {
        switch type {
        case 0: return .null
        case 1...4: return integer(Int(type)).map { .integer($0) }
        case 5: return integer(6).map { .integer($0) }
        case 6: return integer(8).map { .integer($0) }
        case 7: return integer(8).map { .real(Double(bitPattern: UInt64(bitPattern: $0))) }
        case 8: return .integer(0)
        case 9: return .integer(1)
        default:
            guard let content = take(Int((type - 12) / 2)) else { return nil }
            guard type % 2 == 1 else { return .blob(Array(content)) }
            return String(validating: content, as: UTF8.self).map { .text($0) }
        }
    }

    private mutating func integer(_ count: Int) -> Int64? {
        guard let content = take(count), let first = content.first else { return nil }
        return content.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= bytes.count else { return nil }
        defer { bytes = bytes.dropFirst(count) }
        return bytes.prefix(count)
    }
}
