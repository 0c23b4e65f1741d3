#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Server-sent events out of bytes whose borders mean nothing; pure, and linear in the input.
///
/// Follows the SSE standard (line ends LF, CR LF or CR, comments, several `data` lines, a byte-order mark), because
/// gateways rewrite what Google sends. Lines that begin a JSON document without `data:` switch to collecting the rest
/// of the body: servers answer with bare error documents. The elements of a bare array, which is how Google streams
/// without SSE, are events. Source: the HTML standard, section 9.2.
package struct EventStreamParser {
    /// An event, or the bare document at the end of the body.
    package enum Output {
        case event
        /// The body ended before the empty line that ends an event; it may be half a document.
        case unfinishedEvent
        case bareDocument
    }

    /// The most bytes of one event.
    ///
    /// Inline images are megabytes on one line.
    let maximumEventBytes: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    /// `data` begins here: a long line is taken over whole, with its field name before the value.
    private var dataStart = 0
    private var hasData = false
    private var bare: [UInt8] = []
    private var isBare = false
    private var elements: ArrayElements
    private var isArray = false
    private var isFirstLine = true
    /// Whether lines of an event stream have come: fields or comments.
    private var hasFields = false
    private var hasEvents = false
    /// The beginning of the first line that is not blank, if it is none of an event stream.
    private var foreignLine: [UInt8] = []
    private var skipsLineFeed = false

    private static let longestForeignLine = 300

    package init(maximumEventBytes: Int) {
        self.maximumEventBytes = maximumEventBytes
        elements = ArrayElements(maximumBytes: maximumEventBytes)
    }

    /// Takes the next bytes and hands over every event that they complete.
    ///
    /// - Parameters:
    ///   - bytes: Of the body.
    ///   - emit: Called with the data of each event.
    /// - Throws: ``GenAIError/responseTooLarge(_:)``, or what `emit` throws.
    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer,
        _ emit: (Span<UInt8>, Output) throws(GenAIError) -> Void
    ) throws(GenAIError) {
        var position = 0
        if skipsLineFeed, !bytes.isEmpty {
            skipsLineFeed = false
            position = bytes[0] == 0x0A ? 1 : 0
        }
        while position < bytes.count {
            if let start = arrayStart(in: bytes, from: position) {
                isArray = true
                line.removeAll()
                try elements.feed(UnsafeRawBufferPointer(rebasing: bytes[start...]), emit)
                return
            }
            guard let end = Self.lineEnd(in: bytes, from: position) else {
                line.append(contentsOf: bytes[position...])
                try checkSize()
                return
            }
            if let next = try emitEvent(in: bytes, from: position, lineEnd: end, emit) {
                position = next
                continue
            }
            line.append(contentsOf: bytes[position..<end])
            try checkSize()
            position = end + 1
            if bytes[end] == 0x0D {
                if position == bytes.count {
                    skipsLineFeed = true
                } else if bytes[position] == 0x0A {
                    position += 1
                }
            }
            try endLine(emit)
        }
    }

    /// Hands over an event of one line from where it stands, without a copy, if all of it is there: the usual case.
    ///
    /// - Returns: Where to go on; `nil` if it is not such an event.
    private mutating func emitEvent(
        in bytes: UnsafeRawBufferPointer,
        from start: Int,
        lineEnd end: Int,
        _ emit: (Span<UInt8>, Output) throws(GenAIError) -> Void
    ) throws(GenAIError) -> Int? {
        guard line.isEmpty, !hasData, !isBare, let next = Self.emptyLineEnd(in: bytes, behind: end) else { return nil }
        let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end]).assumingMemoryBound(to: UInt8.self)
        guard let value = Self.dataStart(in: line.span), line.count <= maximumEventBytes else { return nil }
        isFirstLine = false
        hasFields = true
        let data = line.span.extracting(value..<line.count)
        if Self.saysSomething(data) {
            hasEvents = true
            try emit(data, .event)
        }
        return next
    }

    /// Where the empty line ends that follows the end of a line, if one does and both have the same line ends.
    private static func emptyLineEnd(in bytes: UnsafeRawBufferPointer, behind end: Int) -> Int? {
        if bytes[end] == 0x0A {
            return end + 1 < bytes.count && bytes[end + 1] == 0x0A ? end + 2 : nil
        }
        guard end + 3 < bytes.count else { return nil }
        return bytes[end + 1] == 0x0A && bytes[end + 2] == 0x0D && bytes[end + 3] == 0x0A ? end + 4 : nil
    }

    /// Hands over what the end of the body completes.
    package mutating func finish(
        _ emit: (Span<UInt8>, Output) throws(GenAIError) -> Void
    ) throws(GenAIError) {
        if !line.isEmpty {
            try endLine(emit)
        }
        if isArray {
            try elements.finish(emit)
        } else if isBare {
            try emit(bare.span, .bareDocument)
        } else if hasData {
            try emitData(.unfinishedEvent, emit)
        }
    }

    /// How the body begins, if that is neither an event stream nor a document, and no event came after it: a page of
    /// HTML, for example.
    var foreignBeginning: [UInt8]? {
        hasEvents || isArray || foreignLine.isEmpty ? nil : foreignLine
    }

    private func checkSize() throws(GenAIError) {
        guard line.count + bare.count + data.count <= maximumEventBytes else {
            throw .eventTooLarge(maximumEventBytes)
        }
    }

    private static func lineEnd(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let lineFeed = memchr(base + start, 0x0A, bytes.count - start).map { UnsafeRawPointer($0) - base }
        // A lone carriage return ends a line too; it can only stand before the line feed just found.
        let limit = lineFeed ?? bytes.count
        return memchr(base + start, 0x0D, limit - start).map { UnsafeRawPointer($0) - base } ?? lineFeed
    }

    private mutating func endLine(_ emit: (Span<UInt8>, Output) throws(GenAIError) -> Void) throws(GenAIError) {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) {
                line.removeFirst(3)
            }
        }
        if isBare {
            bare.append(contentsOf: line)
            bare.append(0x0A)
        } else if line.isEmpty {
            if hasData {
                try emitData(.event, emit)
            }
        } else if let start = Self.dataStart(in: line.span) {
            appendData(from: start)
        } else if line.elementsEqual("data".utf8) {
            // A name without a colon is a field without a value.
            appendData(from: 4)
        } else if !hasData, let first = Self.documentStart(line) {
            if first == UInt8(ascii: "[") {
                try beginArray(emit)
            } else {
                isBare = true
                swap(&bare, &line)
                bare.append(0x0A)
            }
        } else {
            noteOther()
        }
    }

    /// Remembers what kind of body it is by its first line; what the line says matters to nobody.
    private mutating func noteOther() {
        if Self.isField(line) {
            hasFields = true
        } else if !hasFields, foreignLine.isEmpty, line.contains(where: { $0 > 0x20 }) {
            foreignLine = Array(line.prefix(Self.longestForeignLine))
        }
    }

    /// Whether a line is a field or a comment: a name, perhaps empty, and a colon or the end.
    private static func isField(_ line: [UInt8]) -> Bool {
        let end = line.first { byte in
            let isLetter = byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
            return !isLetter && byte != UInt8(ascii: "-") && byte != UInt8(ascii: "_")
        }
        return end == nil || end == UInt8(ascii: ":")
    }

    /// The bracket that a document begins with, if the line is the first of one.
    private static func documentStart(_ line: [UInt8]) -> UInt8? {
        let first = line.first { $0 != 0x20 && $0 != 0x09 }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? first : nil
    }

    /// Where a bare array goes on, or begins at the beginning of a line: its elements are not held up by lines.
    private func arrayStart(in bytes: UnsafeRawBufferPointer, from position: Int) -> Int? {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        if isArray { return position }
        // Lines of events do not begin like this, so the rest is for bare documents alone.
        guard bytes[position] == UInt8(ascii: "[") || isBlank(bytes[position]) else { return nil }
        guard !hasData, !isBare, line.allSatisfy(isBlank) else { return nil }
        let first = bytes[position...].firstIndex { !isBlank($0) }
        return first.flatMap { bytes[$0] == UInt8(ascii: "[") ? $0 : nil }
    }

    /// Begins with a line, for arrays behind a byte-order mark.
    private mutating func beginArray(
        _ emit: (Span<UInt8>, Output) throws(GenAIError) -> Void
    ) throws(GenAIError) {
        isArray = true
        try elements.feed(line + [0x0A], emit)
    }

    /// Where the value begins in a line that begins with `data:`; written out, because it is asked for every line.
    private static func dataStart(in line: Span<UInt8>) -> Int? {
        let isData =
            line.count >= 5 && line[0] == UInt8(ascii: "d") && line[1] == UInt8(ascii: "a")
            && line[2] == UInt8(ascii: "t") && line[3] == UInt8(ascii: "a") && line[4] == UInt8(ascii: ":")
        guard isData else { return nil }
        return line.count > 5 && line[5] == 0x20 ? 6 : 5
    }

    private mutating func appendData(from start: Int) {
        hasFields = true
        if hasData {
            data.append(0x0A)
            data.append(contentsOf: line[start...])
        } else {
            // Taking the buffer over instead of copying it keeps a 40 MB image in memory once.
            swap(&data, &line)
            dataStart = start
            hasData = true
        }
    }

    /// Hands over the data of the lines that were collected.
    private mutating func emitData(_ output: Output, _ emit: (Span<UInt8>, Output) throws(GenAIError) -> Void)
        throws(GenAIError)
    {
        defer {
            data.removeAll(keepingCapacity: true)
            hasData = false
        }
        let start = min(dataStart, data.count)
        guard Self.saysSomething(data.span.extracting(start..<data.count)) else { return }
        hasEvents = true
        try emit(data.span.extracting(start..<data.count), output)
    }

    /// Whether data is an event: there is some, and not what some gateways end a stream with.
    private static func saysSomething(_ data: Span<UInt8>) -> Bool {
        guard data.count == 6 else { return !data.isEmpty }
        return data.withUnsafeBufferPointer { !$0.elementsEqual("[DONE]".utf8) }
    }
}
