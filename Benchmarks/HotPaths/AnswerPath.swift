import GenAI

/// From the bytes of an answer to its text, finish reason and usage.
struct AnswerPath {
    private static let largestEvent = 64 << 20

    private let body: [UInt8]

    /// Takes the body of one answer from standard input.
    init() {
        var body: [UInt8] = []
        while let line = readLine(strippingNewline: false) {
            body += line.utf8
        }
        self.body = body
    }

    /// Cuts whole bodies into events.
    func parse(_ units: Int) throws -> Int {
        var events = 0
        while events < units {
            try forEachEvent { _ in events += 1 }
        }
        return events
    }

    /// Reads the events of whole answers.
    func scan(_ units: Int) throws -> Int {
        var events: [[UInt8]] = []
        try forEachEvent { event in
            events.append(event.withUnsafeBufferPointer { Array($0) })
        }
        var scanned = 0
        while scanned < units {
            var answer = AnswerAccumulator()
            var scanner = ChunkScanner()
            for event in events {
                try scanner.scan(event.span, into: &answer)
            }
            guard answer.finishReason == "STOP", answer.text.utf8.count == answer.textBytes else {
                fatalError("the body on standard input is no whole answer")
            }
            scanned += answer.eventCount
        }
        return scanned
    }

    private func forEachEvent(_ use: (Span<UInt8>) -> Void) throws {
        var parser = EventStreamParser(maximumEventBytes: Self.largestEvent)
        try body.withUnsafeBytes { bytes in
            try parser.feed(bytes) { event, _ throws(GenAIError) in use(event) }
        }
        try parser.finish { event, _ throws(GenAIError) in use(event) }
    }
}
