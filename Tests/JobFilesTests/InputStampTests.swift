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

    private func write(_ text: String, to name: String, at seconds: Double = 1_700_000_000) throws {
        try work.write(Array(text.utf8), to: name)
        try date(name, at: seconds)
    }

    private func date(_ name: String, at seconds: Double) throws {
        let path = "\(work.path)/\(name)"
        let date = Date(timeIntervalSince1970: seconds)
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

    @Test("another version has another stamp, and so has the same job in another folder")
    func dependsOnVersionAndFolder() throws {
        try write(Self.job, to: "job.yaml")
        try write("{\"topic\": \"tides\"}\n", to: "rows.jsonl")
        let first = try #require(try stamp())
        #expect(try stamp(version: "2") != first)
        let other = try Workspace()
        for name in ["job.yaml", "rows.jsonl"] {
            try FileManager.default.moveItem(atPath: "\(work.path)/\(name)", toPath: "\(other.path)/\(name)")
        }
        #expect(try JobFile.load(path: "\(other.path)/job.yaml").inputStamp(version: "1") != first)
    }

    @Test("a file that was written to has another stamp, even with its old size and time")
    func dependsOnChange() throws {
        try write(Self.job, to: "job.yaml")
        try write("{\"topic\": \"tides\"}\n", to: "rows.jsonl")
        var stamps = [try stamp()]
        try write("{\"topic\": \"winds\"}\n", to: "rows.jsonl")
        stamps.append(try stamp())
        try write(Self.job + "name: other\n", to: "job.yaml")
        stamps.append(try stamp())
        #expect(!stamps.contains(nil))
        #expect(Set(stamps).count == stamps.count)
    }

    @Test("it may be kept if no file was written to just now, or since it was checked")
    func isSettled() throws {
        try write(Self.job, to: "job.yaml")
        try write("{\"topic\": \"tides\"}\n", to: "rows.jsonl")
        let job = try JobFile.load(path: "\(work.path)/job.yaml")
        #expect(job.areInputsSettled)
        try write("{\"topic\": \"winds\"}\n", to: "rows.jsonl")
        #expect(!job.areInputsSettled)

        try write("{\"topic\": \"tides\"}\n", to: "rows.jsonl", at: Date().timeIntervalSince1970)
        #expect(try !JobFile.load(path: "\(work.path)/job.yaml").areInputsSettled)
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
