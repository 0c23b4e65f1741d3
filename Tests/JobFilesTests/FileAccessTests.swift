import BatchCore
import JSON
import JobFiles
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A job over one pattern of files.
private func job(_ pattern: String) -> String {
    "model: m\ninputs: [{files: \"\(pattern)\"}]\nprompt: \"{{path}}|{{name}}|{{stem}}|{{text}}\"\n"
}

@Suite struct FileInputTests {
    @Test("patterns find files in the order of their names, hidden ones and folders left out")
    func patterns() throws {
        let workspace = try Workspace([
            "a/1.txt": "", "a/2.md": "", "a/b/3.txt": "", "a/b/c/4.txt": "", "a/.h/5.txt": "", "a/.6.txt": "",
            "z.txt": "", "a/d.txt/7": "",
        ])
        func paths(_ pattern: String) throws -> [String?] {
            try workspace.items(job(pattern)).map { $0.input["path"]?.string }
        }
        #expect(try paths("**/*.txt") == ["a/1.txt", "a/b/3.txt", "a/b/c/4.txt", "z.txt"])
        #expect(try paths("a/**") == ["a/1.txt", "a/2.md", "a/b/3.txt", "a/b/c/4.txt", "a/d.txt/7"])
        #expect(try paths("a/*.txt") == ["a/1.txt"])
        #expect(try paths("a/**/c/*") == ["a/b/c/4.txt"])
        #expect(try paths("a/?.[mt]*") == ["a/1.txt", "a/2.md"])
        #expect(try paths("a/.*.txt") == ["a/.6.txt"])
        #expect(try paths("./a/../z.txt") == ["./a/../z.txt"])
    }

    @Test("a file gives its text and its name in parts; its text is not echoed")
    func variables() throws {
        let workspace = try Workspace(["d/my.notes.txt": "\u{FEFF}<ü>\r\n"])
        let item = try #require(try workspace.items(job("d/*")).first)
        #expect(item.prompt == "d/my.notes.txt|my.notes.txt|my.notes|<ü>\r\n")
        #expect(item.input == ["path": "d/my.notes.txt", "name": "my.notes.txt", "stem": "my.notes"])
        #expect(item.origin == "d/my.notes.txt")
    }

    @Test("what is not there is a missing input", arguments: ["*.txt", "none.txt", "no/folder/**/*.md"])
    func missing(pattern: String) throws {
        #expect(try Workspace().error(job(pattern))?.isMissingInput == true)
    }

    @Test("tables that are not there are missing inputs, and other mistakes outweigh that")
    func missingTables() throws {
        let workspace = try Workspace()
        let error = try #require(workspace.error("model: m\ninputs: [{csv: a.csv}, {jsonl: b.jsonl}]\nprompt: x\n"))
        #expect(
            error.problems.map(\.message) == [
                "a.csv cannot be read: No such file or directory", "b.jsonl cannot be read: No such file or directory",
            ]
        )
        #expect(error.isMissingInput)
        #expect(workspace.error("modle: m\ninputs: [{csv: a.csv}]\nprompt: x\n")?.isMissingInput == false)
    }

    @Test("text that is not UTF-8 is refused by name")
    func notText() throws {
        let workspace = try Workspace(["ok.txt": "fine"])
        try workspace.write([0x89, 0x50, 0x4E, 0x47], to: "x.txt")
        let error = try #require(workspace.error(job("*.txt")))
        #expect(error.description == "x.txt: error: the file is not UTF-8 text")
    }
}

@Suite struct FileSafetyTests {
    /// A folder beside the job's, with a secret in it.
    private func workspaceWithSecret() throws -> (workspace: Workspace, job: String) {
        let workspace = try Workspace(["job/in.txt": "in", "secret/key.png": "k"])
        #expect(symlink(workspace.path + "/secret/key.png", workspace.path + "/job/link.png") == 0)
        #expect(symlink(workspace.path + "/secret", workspace.path + "/job/folder") == 0)
        #expect(mkfifo(workspace.path + "/job/pipe.png", 0o600) == 0)
        return (workspace, workspace.path + "/job")
    }

    private func load(_ yaml: String, in folder: String, allowing: [String] = []) throws -> [SourceItem] {
        try JobFile.load(
            contents: Array(yaml.utf8),
            name: "job.yaml",
            folder: folder,
            options: JobFile.Options(allowedFolders: allowing)
        ).allItems()
    }

    // Fault matrix: F58.
    @Test(
        "nothing outside the job's folder is read, whatever leads there",
        arguments: [
            "../secret/key.png", "link.png", "folder/key.png", "/etc/hostname.png", "folder/../../secret/key.png",
            "./.././secret/key.png",
        ]
    )
    func escapes(path: String) throws {
        let (workspace, folder) = try workspaceWithSecret()
        for yaml in [
            "model: m\nprompts: [{prompt: x, images: [\(path)]}]\n",
            "model: m\ninputs: [{files: \(path)}]\nprompt: x\n",
            "model: m\ninputs: [{csv: \(path)}]\nprompt: x\n", "model: m\ninputs: [{jsonl: \(path)}]\nprompt: x\n",
        ] {
            let error = #expect(throws: JobFileError.self, "\(yaml)") { try load(yaml, in: folder) }
            #expect(error?.description.contains("is outside the job's folder") == true, "\(String(describing: error))")
            #expect(error?.isMissingInput == false)
        }
        withExtendedLifetime(workspace) {}
    }

    // Fault matrix: F58.
    @Test("a path from the data cannot leave the folder either")
    func escapesFromData() throws {
        let (workspace, folder) = try workspaceWithSecret()
        try workspace.directory.write("image\n../secret/key.png\n", to: "job/d.csv")
        let yaml = "model: m\ninputs: [{csv: d.csv}]\nprompt: x\nimages: [\"{{image}}\"]\n"
        let error = #expect(throws: JobFileError.self) { try load(yaml, in: folder) }
        #expect(error?.description.contains("is outside the job's folder") == true)
        #expect(error?.description.contains("for d.csv:2") == true)
    }

    // Fault matrix: F58.
    @Test("the command line can allow a folder")
    func allowed() throws {
        let (workspace, folder) = try workspaceWithSecret()
        let yaml = "model: m\nprompts: [{prompt: x, images: [../secret/key.png, link.png]}]\n"
        let items = try load(yaml, in: folder, allowing: [workspace.path + "/secret"])
        #expect(items[0].request.turns[0].media.count == 2)
        #expect(items[0].request.turns[0].media[0] == items[0].request.turns[0].media[1])
    }

    @Test("a folder whose name begins like the job's is outside")
    func similarName() throws {
        let workspace = try Workspace(["job/x": "", "job2/a.png": "x"])
        let yaml = "model: m\nprompts: [{prompt: x, images: [../job2/a.png]}]\n"
        #expect(throws: JobFileError.self) { try load(yaml, in: workspace.path + "/job") }
    }

    // Fault matrix: F58.
    @Test("only regular files are read, and none is waited for", arguments: ["pipe.png", "sub.png"])
    func specialFiles(path: String) throws {
        let (workspace, folder) = try workspaceWithSecret()
        #expect(mkdir(folder + "/sub.png", 0o700) == 0)
        for yaml in [
            "model: m\nprompts: [{prompt: x, images: [\(path)]}]\n",
            "model: m\ninputs: [{jsonl: \(path)}]\nprompt: x\n",
        ] {
            let error = #expect(throws: JobFileError.self) { try load(yaml, in: folder) }
            #expect(error?.description.contains("not a regular file") == true)
        }
        withExtendedLifetime(workspace) {}
    }

    // Fault matrix: F58.
    @Test("devices are refused even where they are allowed")
    func devices() throws {
        let workspace = try Workspace()
        let yaml = "model: m\nprompts: [{prompt: x, images: [{path: /dev/zero, mime_type: image/png}]}]\n"
        let error = workspace.error(yaml, options: JobFile.Options(allowedFolders: ["/dev"]))
        #expect(error?.description.contains("not a regular file") == true)
    }

    @Test("links that circle do not trap a pattern")
    func circularLinks() throws {
        let workspace = try Workspace(["a/1.txt": "x"])
        #expect(symlink(workspace.path, workspace.path + "/a/loop") == 0)
        #expect(try workspace.items(job("**/*.txt")).count == 1)
    }
}
