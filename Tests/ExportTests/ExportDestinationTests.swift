import Export
import Foundation
import TestSupport
import Testing

@Suite("Where exports go")
struct ExportDestinationTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/out.jsonl" }

    init() throws {
        directory = try TemporaryDirectory()
        // As the program does: a reader that goes away is an error of `write`, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
    }

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test("a file appears when it is whole, for its owner alone")
    func writesFiles() throws {
        let destination = try ExportDestination.file(path)
        try destination.write(Array(repeating: UInt8(ascii: "x"), count: 100_000))
        try destination.write(Array("end\n".utf8))
        #expect(!FileManager.default.fileExists(atPath: path))
        try destination.finish()
        #expect(try text(path).utf8.count == 100_004)
        #expect(try text(path).hasSuffix("xend\n"))
        #expect(try names == ["out.jsonl"])
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }

    @Test("an export that does not come to its end leaves the old file")
    func keepsOldFile() throws {
        try directory.write("old\n", to: "out.jsonl")
        do {
            let destination = try ExportDestination.file(path)
            try destination.write(Array(repeating: 0, count: 100_000))
        }
        #expect(try text(path) == "old\n")
        #expect(try names == ["out.jsonl"])
    }

    @Test("what a killed export left does not stand in the way")
    func replacesLeftovers() throws {
        let leftover = try directory.write("half", to: "out.jsonl.partial-\(getpid())")
        let destination = try ExportDestination.file(path)
        try destination.write(Array("new\n".utf8))
        try destination.finish()
        #expect(try text(path) == "new\n")
        #expect(!FileManager.default.fileExists(atPath: leftover))
    }

    @Test("a link stays a link")
    func followsLinks() throws {
        try directory.write("old\n", to: "real.jsonl")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: directory.path + "/real.jsonl")
        let destination = try ExportDestination.file(path)
        try destination.write(Array("new\n".utf8))
        try destination.finish()
        #expect(try text(directory.path + "/real.jsonl") == "new\n")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == directory.path + "/real.jsonl")
    }

    @Test("a folder that is missing is told before any work")
    func refusesMissingFolder() throws {
        let error = #expect(throws: ExportError.self) { try ExportDestination.file(directory.path + "/none/out.jsonl") }
        #expect(error?.kind == .cannotCreate)
        #expect(error?.description.contains("/none/out.jsonl: No such file or directory") == true)
    }

    #if os(Linux)
        @Test("a full device is an error, also when only the last bytes do not fit")
        func reportsFullDevice() throws {
            let destination = try ExportDestination.file("/dev/full")
            try destination.write(Array("a few bytes\n".utf8))
            let error = #expect(throws: ExportError.self) { try destination.finish() }
            #expect(error?.kind == .io)
            #expect(error?.description.contains("/dev/full: No space left on device") == true)
        }
    #endif

    @Test("a reader that goes away ends the export without a failure")
    func endsQuietly() throws {
        try #require(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDONLY | O_NONBLOCK)
        let destination = try ExportDestination.file(path)
        try destination.write(Array("line\n".utf8))
        close(reader)
        #expect(throws: ExportEnd.self) { try destination.finish() }
        #expect(try names == ["out.jsonl"])
    }
}
