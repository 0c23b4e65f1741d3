import BatchCore
import Export
import Foundation
import JSON
import TestSupport
import Testing

@Suite("Media of answers as files")
struct MediaFolderTests {
    private let directory: TemporaryDirectory
    private var output: String { directory.path + "/out.jsonl" }
    private var folder: String { output + ".media" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private static func part(_ data: String, _ mimeType: String = "image/png") -> JSONValue {
        let base64 = Data(data.utf8).base64EncodedString()
        return ["inlineData": ["mimeType": .string(mimeType), "data": .string(base64)]]
    }

    private func row(_ key: String, _ parts: JSONValue...) -> ResultRow {
        doneRow(key, "text", parts: JSONValue.array([["text": "text"]] + parts).text)
    }

    /// The lines of an export with media beside it, or in another folder.
    @discardableResult
    private func export(_ rows: [ResultRow], mediaFolder: MediaFolder? = nil) throws -> [JSONValue] {
        var export = try ResultExport(
            media: mediaFolder ?? MediaFolder(beside: output),
            to: ExportDestination.file(output)
        )
        for row in rows {
            try export.write(row)
        }
        try export.finish()
        return try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
            .map { try JSONValue(parsing: String($0)) }
    }

    private func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func permissions(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("data becomes files for their owner alone, and rows say where they are")
    func writesFiles() throws {
        let line = try #require(
            try export([row("a", Self.part("hello"), Self.part("sound", "audio/L16;codec=pcm;rate=24000"))]).first
        )
        let media = try #require(line["media"]?.array)
        #expect(media.map { $0["mime_type"] } == ["image/png", "audio/L16;codec=pcm;rate=24000"])
        #expect(media.map { $0["bytes"] } == [5, 5])
        #expect(media[0]["sha256"] == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
        let path = try #require(media[0]["path"]?.string)
        #expect(path.hasPrefix("out.jsonl.media/a-"))
        #expect(path.hasSuffix(".png"))
        #expect(media[1]["path"]?.string?.hasSuffix(".pcm") == true)
        #expect(try String(contentsOfFile: "\(directory.path)/\(path)", encoding: .utf8) == "hello")
        #expect(line["parts"]?.array?[1] == ["inlineData": ["mimeType": "image/png", "path": .string(path)]])
        #expect(try permissions("\(directory.path)/\(path)") == 0o600)
        #expect(try permissions(folder) == 0o700)
    }

    @Test("the data stays in the row if there is no folder, or if it is not base64")
    func leavesData() throws {
        let broken: JSONValue = ["inlineData": ["mimeType": "image/png", "data": "!"]]
        let line = try #require(try export([row("a", broken)]).first)
        #expect(line["parts"]?.array?[1] == broken)
        #expect(line["media"] == nil)
        #expect(!FileManager.default.fileExists(atPath: folder))
        let whole = try exported([row("a", Self.part("hello"))]) { try ResultExport(to: $0) }
        #expect(try JSONValue(parsing: whole)["parts"]?.array?[1] == Self.part("hello"))
    }

    // Fault matrix: F78.
    @Test("a file that is there already is used again; what only has its name is replaced, a link is not followed")
    func reusesFiles() throws {
        let rows = [row("a", Self.part("hello"))]
        try export(rows)
        let path = try "\(folder)/\(#require(files().first))"
        func inode() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        }
        let first = try inode()
        try export(rows)
        #expect(try inode() == first)
        for content in ["other", "hell", "hello and more"] {
            try Data(content.utf8).write(to: URL(fileURLWithPath: path))
            try export(rows)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "hello")
        }
        let victim = try directory.write("hello", to: "victim")
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: victim)
        try export(rows)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType == .typeRegular)
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "hello")
        #expect(try files().count == 1)
    }

    // Fault matrix: F78.
    @Test("a link in the place of the folder is refused, and nothing is written behind it")
    func refusesLinkedFolder() throws {
        let elsewhere = try TemporaryDirectory()
        try FileManager.default.createSymbolicLink(atPath: folder, withDestinationPath: elsewhere.path)
        for path in [folder, folder + "/"] {
            let error = #expect(throws: ExportError.self) {
                try export([row("a", Self.part("hello"))], mediaFolder: MediaFolder(path: path, outputPath: output))
            }
            #expect(error?.description.contains("it is a link, or no folder") == true)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere.path).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: output))
    }

    // Fault matrix: F78.
    @Test("no key leads out of the folder, and no two items share a name, whatever their keys are")
    func makesSafeNames() throws {
        var random = SeededGenerator(seed: 80)
        var keys = [
            "../../x", "a/b", "a\\b", "CON", "con", "nul.txt", "A", "a", ".", "..", "-rf", "a\u{0}b", "é", "e\u{301}",
            "",
        ]
        keys += [String(repeating: "k", count: 300), String(repeating: "K", count: 300), "a.", "a ", "~", "日本"]
        keys += (0..<200).map { "\($0)" + random.hostileText(upTo: 6) }
        let lines = try export(keys.map { row($0, Self.part("hello")) })
        let paths = lines.compactMap { $0["media"]?.array?.first?["path"]?.string }
        #expect(Set(paths.map { $0.lowercased() }).count == Set(keys.map { Array($0.utf8) }).count)
        #expect(try files() == Set(paths).map { $0.replacing("out.jsonl.media/", with: "") }.sorted())
        let safe = /out\.jsonl\.media\/[a-z0-9_][a-z0-9_-]{0,59}-[0-9a-f]{32}\.png/
        for path in paths {
            #expect(path.wholeMatch(of: safe) != nil, "\(path)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 2)
    }

    @Test("paths start in the folder of the export, unless the folder of the media is absolute")
    func writesRelativePaths() throws {
        try FileManager.default.createDirectory(atPath: directory.path + "/sub", withIntermediateDirectories: false)
        // As seen from where the tests run, which is not changed: other tests run there too.
        let here = FileManager.default.currentDirectoryPath.split(separator: "/").map { _ in ".." }
        let relative = here.joined(separator: "/") + directory.path
        func folder(_ path: String, outputPath: String?) throws -> String? {
            let folder = MediaFolder(path: path, outputPath: outputPath)
            let lines = try export([row("a", Self.part("hello"))], mediaFolder: folder)
            let path = lines.first?["media"]?.array?.first?["path"]?.string
            return path?.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        }
        #expect(try folder(relative + "/images", outputPath: relative + "/out.jsonl") == "images")
        #expect(try folder(relative + "/images/", outputPath: relative + "/sub/out.jsonl") == "../images")
        #expect(try folder(relative, outputPath: relative + "/out.jsonl") == ".")
        #expect(try folder(relative + "/images", outputPath: nil) == relative + "/images")
        #expect(try folder(directory.path + "/images", outputPath: output) == directory.path + "/images")
    }

    @Test("Markdown shows images and links to the rest")
    func linksFromMarkdown() throws {
        let selection = try FieldSelection(format: .markdown, inputColumns: [])
        let output = directory.path + "/my (out).md"
        var export = try ResultExport(
            .markdown,
            fields: selection,
            media: MediaFolder(beside: output),
            to: ExportDestination.file(output)
        )
        try export.write(row("a", Self.part("hello"), Self.part("sound", "audio/wav")))
        try export.finish()
        let text = try String(contentsOfFile: output, encoding: .utf8)
        #expect(
            text.firstMatch(of: /\n!\[image\]\(my%20%28out%29\.md\.media\/a-[0-9a-f]{32}\.png\)\n/) != nil,
            "\(text)"
        )
        #expect(text.firstMatch(of: /\n\[data\]\(my%20%28out%29\.md\.media\/a-[0-9a-f]{32}\.wav\)\n/) != nil, "\(text)")
    }
}
