import BatchCore
import Foundation
import JSON
import Testing

@testable import Terminal

@Suite struct JSONEventWriterTests {
    private let clock = ManualClock()
    private let pipe = TestPipe()

    private func writer(on descriptor: Int32? = nil, limit: Int? = nil) -> JSONEventWriter {
        JSONEventWriter(
            output: TextOutput(descriptor: descriptor ?? pipe.writeDescriptor),
            version: "0.1.0",
            clock: clock,
            limit: limit
        )
    }

    private func lines(_ text: String) throws -> [JSONValue] {
        #expect(text.hasSuffix("\n"))
        return try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    @Test("the first line tells the version, and every line its type and its time")
    func version() throws {
        let writer = writer()
        clock.advance(by: .milliseconds(1234))
        writer.exitError(code: 77, message: "the key was rejected")
        writer.stop()
        let text = try pipe.readAll()
        #expect(
            text == """
                {"type":"version","format":1,"genbatch":"0.1.0","time":"2026-11-22T17:33:05.000Z"}
                {"type":"exit_error","exit_code":77,"message":"the key was rejected","time":"2026-11-22T17:33:06.234Z"}

                """
        )
    }

    @Test("what happens to an item comes in order, with its numbers")
    func itemEvents() throws {
        let writer = writer()
        writer.observe(.started(1, key: "tides", attempt: 2, turn: 1))
        writer.observe(.done(1, usage: TokenUsage(promptTokens: 7, outputTokens: 0)))
        writer.stop()
        let lines = try lines(try pipe.readAll()).dropFirst()
        #expect(lines.map { $0["type"]?.string } == ["item_start", "item_done"])
        #expect(lines.first?["attempt"]?.int64 == 2)
        #expect(lines.first?["turn"]?.int64 == 1)
        #expect(lines.last?["usage"]?["prompt_tokens"]?.int64 == 7)
        #expect(lines.last?["usage"]?["output_tokens"]?.int64 == 0)
        #expect(lines.last?["usage"]?["thought_tokens"] == .null)
        #expect(lines.last?["first_chunk_ms"]?.int64 == 612)
    }

    @Test("text from outside stays inside its string and cannot steer a terminal")
    func hostileText() throws {
        let hostile = "a\"\n}\u{1B}[2J\u{7F}\u{9B}31m\u{202E}\u{2028}é日👍\\"
        let writer = writer()
        writer.observe(.started(1, key: hostile))
        writer.observe(.failed(2, message: hostile))
        writer.stop()
        let text = try pipe.readAll()
        let lines = try lines(text).dropFirst()
        #expect(lines.first?["key"]?.string == hostile)
        #expect(lines.last?["message"]?.string == hostile)
        #expect(TerminalText.escape(text) == text)
    }

    @Test("streams are sampled once a second each, in turns, at most 64 at once")
    func chunks() throws {
        let writer = writer()
        writer.observe(.planned(new: 100))
        let meters = (1...100).map { _ in StreamMeter() }
        for (index, meter) in meters.enumerated() {
            writer.observe(.started(index + 1, meter: meter))
            meter.add(textBytes: 40, outputTokens: nil)
            meter.add(textBytes: 40, outputTokens: nil)
        }
        for _ in 1...4 {
            clock.advance(by: .seconds(1))
            writer.sample()
        }
        writer.stop()
        let lines = try lines(try pipe.readAll())
        let chunks = lines.filter { $0["type"]?.string == "chunk" }
        #expect(chunks.compactMap { $0["id"]?.int64 } == Array(1...100))
        #expect(chunks.allSatisfy { $0["chunks"]?.int64 == 2 && $0["output_tokens"]?.int64 == 20 })
        let progress = lines.filter { $0["type"]?.string == "progress" }
        #expect(progress.count == 4)
        #expect(progress.last?["output_tokens"]?.int64 == 2000)
        #expect(lines.firstIndex { $0["type"]?.string == "progress" } == 1 + 1 + 100 + 64)
    }

    @Test("a stream that stays silent is not sampled again")
    func silentStream() throws {
        let writer = writer()
        let meter = StreamMeter()
        writer.observe(.started(1, meter: meter))
        for bytes in [4, 0, 4] {
            if bytes > 0 { meter.add(textBytes: bytes, outputTokens: nil) }
            clock.advance(by: .seconds(1))
            writer.sample()
        }
        writer.stop()
        let chunks = try lines(try pipe.readAll()).filter { $0["type"]?.string == "chunk" }
        #expect(chunks.compactMap { $0["chunks"]?.int64 } == [1, 2])
    }

    @Test("nothing comes after the summary but the error, however late a sample is")
    func sampleAfterSummary() throws {
        let writer = writer()
        writer.observe(.finished(RunSummary()))
        writer.sample()
        writer.exitError(code: 3, message: "1 item failed")
        writer.stop()
        let types = try lines(try pipe.readAll()).map { $0["type"]?.string }
        #expect(types == ["version", "progress", "summary", "exit_error"])
    }

    @Test("the last state comes before the summary")
    func summary() throws {
        let writer = writer(limit: 2)
        writer.observe(.planned(new: 5))
        writer.observe(.done(1))
        writer.observe(.finished(RunSummary()))
        writer.stop()
        let lines = try lines(try pipe.readAll())
        #expect(lines.suffix(2).map { $0["type"]?.string } == ["progress", "summary"])
        #expect(lines[lines.count - 2]["done"]?.int64 == 1)
        #expect(lines[lines.count - 2]["total"]?.int64 == 2)
    }

    @Test("a line is written as soon as it exists")
    func flushed() throws {
        let writer = writer()
        var text = ""
        while !text.hasSuffix("}\n") {
            text += String(decoding: pipe.pipe.fileHandleForReading.availableData, as: UTF8.self)
        }
        writer.observe(.started(1))
        let line = String(decoding: pipe.pipe.fileHandleForReading.availableData, as: UTF8.self)
        #expect(line.contains("item_start"))
        writer.stop()
    }

    @Test("a reader that went away does not matter")
    func brokenPipe() throws {
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        let writer = writer(on: pipe.fileHandleForWriting.fileDescriptor)
        writer.start()
        for number in 1...1000 {
            writer.observe(.started(number))
        }
        writer.stop()
    }

    @Test("a reader that stands still costs bounded memory, and is told what it missed")
    func slowReader() throws {
        let writer = writer()
        writer.start()
        let message = String(repeating: "x", count: 1 << 20)
        for number in 1...40 {
            writer.observe(.failed(number, message: message))
        }
        writer.observe(.finished(RunSummary()))
        let box = TextBox()
        let reading = pipe.pipe.fileHandleForReading
        let reader = Thread { box.fill(from: reading) }
        reader.start()
        writer.stop()
        try pipe.pipe.fileHandleForWriting.close()
        let lines = try lines(box.wait())
        let failures = lines.filter { $0["type"]?.string == "item_failed" }.count
        let dropped = lines.compactMap { $0["type"]?.string == "dropped" ? $0["events"]?.int64 : nil }
        #expect(dropped.count == 1)
        #expect(Int64(failures) + (dropped.first ?? 0) == 40)
        #expect(failures < 20)
        #expect(lines.last?["type"]?.string == "summary")
    }

    @Test("lines from many threads stay whole")
    func manyThreads() throws {
        let writer = writer()
        let box = TextBox()
        let reading = pipe.pipe.fileHandleForReading
        let reader = Thread { box.fill(from: reading) }
        reader.start()
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 1...1000 {
                writer.observe(.started(thread * 1000 + number))
            }
        }
        writer.stop()
        try pipe.pipe.fileHandleForWriting.close()
        let ids = try lines(box.wait()).compactMap { $0["id"]?.int64 }
        #expect(ids.sorted() == Array(1...8000))
    }
}

/// What a thread of its own read from a pipe until its end.
private final class TextBox: @unchecked Sendable {
    // Written before the semaphore is signalled, read after it.
    private var text = ""
    private let isFull = DispatchSemaphore(value: 0)

    func fill(from file: FileHandle) {
        text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
        isFull.signal()
    }

    func wait() -> String {
        isFull.wait()
        return text
    }
}
