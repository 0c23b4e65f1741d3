import NIOCore

/// Where the bytes of a response come from, piece by piece and only when they are due.
protocol BodySource {
    /// Whether nothing is left to write.
    var isFinished: Bool { get }

    /// Whether the pieces are events, which come one by one as a model produces them; others come as fast as they can.
    var isPaced: Bool { get }

    /// Writes the next piece; never called once nothing is left.
    mutating func writeNext(into buffer: inout ByteBuffer)
}

/// Pieces that are ready.
struct ReadyBody: BodySource {
    private var pieces: ArraySlice<[UInt8]>

    init(_ pieces: [[UInt8]]) {
        self.pieces = pieces.filter { !$0.isEmpty }[...]
    }

    var isFinished: Bool { pieces.isEmpty }
    var isPaced: Bool { false }

    mutating func writeNext(into buffer: inout ByteBuffer) {
        buffer.writeBytes(pieces.removeFirst())
    }
}

/// Documents written as a stream, of which each is made when it is due: a waiting stream holds its text once.
struct StreamBody: BodySource {
    /// What is written.
    enum Documents {
        case answer(PlannedAnswer)
        case ready([[UInt8]])
    }

    /// What is wrong with one document.
    enum Damage {
        case invalidUTF8
        case halfOnly
    }

    private let documents: Documents
    private let isArray: Bool
    private var next = 0
    var framing = Framing()
    /// How many documents are written of those there are.
    var limit: Int
    /// A last document after them.
    var tail: [UInt8]?
    var damage: (number: Int, kind: Damage)?

    /// - Parameters:
    ///   - documents: What is written.
    ///   - isArray: Writes one JSON array instead of server-sent events.
    init(_ documents: Documents, isArray: Bool) {
        self.documents = documents
        self.isArray = isArray
        switch documents {
        case .answer(let answer): limit = answer.eventCount
        case .ready(let list): limit = list.count
        }
    }

    var isFinished: Bool { next >= limit + (tail == nil ? 0 : 1) }
    var isPaced: Bool { true }

    mutating func writeNext(into buffer: inout ByteBuffer) {
        var document = document(next)
        next += 1
        if let damage, damage.number == next {
            document = damage.kind.applied(to: document)
        }
        if isArray {
            buffer.writeString(next == 1 ? "[" : "\r\n,\r\n")
            buffer.writeBytes(document)
            if isFinished {
                buffer.writeString("]")
            }
        } else {
            if next == 1 {
                framing.writeStart(into: &buffer)
            }
            framing.write(document, number: next, isLast: isFinished, into: &buffer)
        }
    }

    private func document(_ index: Int) -> [UInt8] {
        if index == limit, let tail { return tail }
        return switch documents {
        case .answer(let answer): answer.document(index)
        case .ready(let list): list[index]
        }
    }
}

extension StreamBody.Damage {
    func applied(to document: [UInt8]) -> [UInt8] {
        switch self {
        case .halfOnly:
            return Array(document.prefix(document.count / 2))
        case .invalidUTF8:
            var damaged = document
            let marker = Array("\"text\":\"".utf8)
            if let start = ByteSearch.first(marker, in: document) {
                // A byte that no character has, and the first byte of a character without its second.
                damaged.insert(contentsOf: [0xFF, 0xC3, 0x28], at: start + marker.count)
            }
            return damaged
        }
    }
}

/// One event or document with a text that is very long or never ends.
struct FillerBody: BodySource {
    private static let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 65_536)

    private var prefix: [UInt8]
    private var suffix: [UInt8]
    private var remaining: Int

    /// - Parameters:
    ///   - prefix: What stands before the text.
    ///   - count: The bytes of text; `Int.max` for no end.
    ///   - suffix: What stands after the text.
    init(prefix: [UInt8], count: Int, suffix: [UInt8]) {
        self.prefix = prefix
        self.suffix = suffix
        remaining = count
    }

    var isFinished: Bool { remaining == 0 && suffix.isEmpty }
    var isPaced: Bool { false }

    mutating func writeNext(into buffer: inout ByteBuffer) {
        buffer.writeBytes(prefix)
        prefix = []
        let count = min(remaining, Self.piece.count)
        buffer.writeBytes(Self.piece.prefix(count))
        if remaining != Int.max {
            remaining -= count
        }
        if remaining == 0 {
            buffer.writeBytes(suffix)
            suffix = []
        }
    }
}

/// Another body compressed, piece by piece.
struct GzipBody: BodySource {
    private var inner: any BodySource
    private var gzip = GzipWriter()
    private var hasStarted = false
    private(set) var isFinished = false

    init(_ inner: any BodySource) {
        self.inner = inner
    }

    var isPaced: Bool { inner.isPaced }

    mutating func writeNext(into buffer: inout ByteBuffer) {
        if !hasStarted {
            hasStarted = true
            buffer.writeBytes(GzipWriter.header)
        }
        if !inner.isFinished {
            var plain = ByteBuffer()
            inner.writeNext(into: &plain)
            buffer.writeBytes(gzip.compress(Array(plain.readableBytesView)))
        }
        if inner.isFinished {
            buffer.writeBytes(gzip.finish())
            isFinished = true
        }
    }
}
