import Foundation
import JobFiles
import Testing

@Suite("Telling unchanged inputs")
struct InputStampTests {
    private let work: Workspace
    private static let job = "model: m\ninputs: [{jsonl: rows.jsonl}]\nprompt: Tell me of {{topic}}.\n"

    init() throws {
        work = try Workspace()
    }

    private func write(_ text: String, to name: String, secondsAgo: Double = 60) throws {
        try work.write(Array(text.utf8), to: name)
        try date(name, secondsAgo: secondsAgo)
    }

    private func date(_ name: String, secondsAgo: Double) throws {
        let path = "\(work.path)/\(name)"
        let date = Date(timeIntervalSinceNow: -secondsAgo)
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
    }

    private func stamp(version: String = "1") throws -> [UInt8]? {
        try JobFile.load(path: "\(work.path)/job.yaml").inputStamp(version: version)
    }

    @Test("the same files have the same stamp")
    func isTheSame() throws {
        try write(Self.job, to: "job.yaml")
        try write("{\"topic\": \"tides\"}\n", to: "rows.jsonl")
        let first = try #require(try stamp())
        #expect(first.count == 32)
        #expect(try stamp() == first)
    }

    @Test("another row, another job and another version have another stamp")
    func isAnother() throws {
        try write(Self.job, to: "job.yaml")
        try write("{\"topic\": \"tides\"}\n", to: "rows.jsonl")
        var stamps = [try stamp()]
        stamps.append(try stamp(version: "2"))
        try date("rows.jsonl", secondsAgo: 50)
        stamps.append(try stamp())
        try write("{\"topic\": \"tides\"}\n{\"topic\": \"winds\"}\n", to: "rows.jsonl", secondsAgo: 50)
        stamps.append(try stamp())
        try write("temperature: 1\n" + Self.job, to: "job.yaml")
        // Not a job any more is no stamp either; this one is.
        try write(Self.job + "name: other\n", to: "job.yaml")
        stamps.append(try stamp())
        #expect(!stamps.contains(nil))
        #expect(Set(stamps).count == stamps.count)
    }

    @Test("a file that was written to just now has none: it may be written to again at the same time")
    func freshHasNone() throws {
        try write(Self.job, to: "job.yaml")
        try write("{\"topic\": \"tides\"}\n", to: "rows.jsonl", secondsAgo: 0)
        #expect(try stamp() == nil)
    }

    @Test("standard input and patterns of files have none")
    func otherInputsHaveNone() throws {
        try write("text", to: "a.txt")
        for input in ["{jsonl: \"-\"}", "{files: \"*.txt\"}"] {
            try write("model: m\ninputs: [\(input)]\nprompt: Tell me.\n", to: "job.yaml")
            #expect(try stamp() == nil, "\(input)")
        }
    }
}
