/// The elements of a JSON array, each as soon as its last byte has come; pure, and linear in the input.
///
/// Only brackets, commas and strings are looked at: whether an element is JSON is its reader's to say.
struct ArrayElements {
    private let maximumBytes: Int
    private var element: [UInt8] = []
    /// Brackets that are open, the array's own included.
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var isClosed = false
    /// Whether an element may begin.
    private var isSeparated = true

    /// - Parameter maximumBytes: Of one element.
    init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    /// Takes the next bytes, the first of all being the array's bracket, and hands over every element they complete.
    ///
    /// - Throws: ``GenAIError/responseTooLarge(_:)``, ``GenAIError/malformedResponse(_:)``, or what `emit` throws.
    mutating func feed(
        _ bytes: some Sequence<UInt8>,
        _ emit: (Span<UInt8>, EventStreamParser.Output) throws(GenAIError) -> Void
    ) throws(GenAIError) {
        for byte in bytes where try completesElement(byte) {
            try emit(element.span, .event)
            element.removeAll(keepingCapacity: true)
        }
    }

    /// Hands over what the end of the body leaves unfinished: half a document.
    func finish(
        _ emit: (Span<UInt8>, EventStreamParser.Output) throws(GenAIError) -> Void
    ) throws(GenAIError) {
        guard !isClosed else { return }
        let rest = element.isEmpty ? [UInt8(ascii: "[")] : element
        try emit(rest.span, .unfinishedEvent)
    }

    private mutating func completesElement(_ byte: UInt8) throws(GenAIError) -> Bool {
        guard !isInString else {
            try append(byte)
            isInString = isEscaped || byte != UInt8(ascii: "\"")
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            return false
        }
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D:
            if !element.isEmpty {
                try append(byte)
            }
        case UInt8(ascii: "[") where depth == 0 && !isClosed:
            depth = 1
        case UInt8(ascii: ",") where depth == 1:
            isSeparated = true
            return !element.isEmpty
        case UInt8(ascii: "]") where depth == 1:
            depth = 0
            isClosed = true
            return !element.isEmpty
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            try append(byte)
            depth += 1
        case UInt8(ascii: "]") where depth > 1, UInt8(ascii: "}") where depth > 1:
            try append(byte)
            depth -= 1
            return depth == 1
        default:
            try append(byte)
            isInString = byte == UInt8(ascii: "\"")
        }
        return false
    }

    private mutating func append(_ byte: UInt8) throws(GenAIError) {
        if element.isEmpty {
            guard !isClosed, isSeparated else {
                throw .malformedResponse(
                    "bytes after \(isClosed ? "an array" : "an element of an array without a comma")"
                )
            }
            isSeparated = false
        }
        guard element.count < maximumBytes else { throw .eventTooLarge(maximumBytes) }
        element.append(byte)
    }
}

extension GenAIError {
    /// An event, or an element of an array in its place, is above the limit.
    static func eventTooLarge(_ maximumBytes: Int) -> GenAIError {
        .responseTooLarge("an event of the answer is larger than \(maximumBytes >> 20) MiB")
    }
}
