import BatchCore
import JobFiles
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The media of a job with one prompt.
private func media(_ images: String, in workspace: Workspace) throws -> [MediaReference] {
    let items = try workspace.items("model: m\nprompts: [{prompt: x, images: \(images)}]\n")
    return items.flatMap { $0.request.turns.flatMap(\.media) }
}

private func refusal(_ image: String) throws -> String? {
    try Workspace(["a": "x", "empty.png": ""]).error("model: m\nprompts: [{prompt: x, images: [\(image)]}]\n")?
        .problems.map(\.message).joined(separator: "\n")
}

@Suite struct MediaTests {
    @Test(
        "the type of a medium is told by its path, without query and fragment",
        arguments: [
            ("gs://b/a.JPG", "image/jpeg"), ("https://h.example/a.png?x=1.gif", "image/png"),
            ("https://h.example/a.webp#b.png", "image/webp"),
            ("https://h.example/v/a.b.mov", "video/quicktime"), ("HTTPS://H.example/a.pdf", "application/pdf"),
            ("https://www.youtube.com/watch?v=abc", "video/mp4"), ("https://youtu.be/abc", "video/mp4"),
            ("gs://b/x.3gp", "video/3gpp"),
            ("gs://b/notes.md", "text/markdown"), ("gs://b/s.m4a", "audio/m4a"),
        ]
    )
    func types(uri: String, type: String) throws {
        #expect(try media("[\"\(uri)\"]", in: Workspace()) == [MediaReference(.uri(uri), mimeType: type)])
    }

    @Test("a type that is given wins, and is needed where none can be told")
    func givenType() throws {
        let uri = "https://generativelanguage.googleapis.com/v1beta/files/abc"
        #expect(
            try media("[{uri: \"\(uri)\", mime_type: image/png}]", in: Workspace()) == [
                MediaReference(.uri(uri), mimeType: "image/png")
            ]
        )
        #expect(
            try refusal("\"\(uri)\"")
                == "the type of \(uri) cannot be told from its name; write {uri: …, mime_type: image/jpeg}"
        )
    }

    @Test("a local file is its real path and the hash of its bytes")
    func localFile() throws {
        let workspace = try Workspace(["sub/a.png": "hello"])
        #expect(
            try media("[sub/a.png, {path: ./sub/../sub/a.png}]", in: workspace)
                == Array(
                    repeating: MediaReference(
                        .file(
                            path: workspace.path + "/sub/a.png",
                            sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
                        ),
                        mimeType: "image/png",
                        size: 5
                    ),
                    count: 2
                )
        )
    }

    // Fault matrix: F59.
    @Test(
        "other addresses are refused with the reason",
        arguments: [
            ("http://h.example/a.png", "http: addresses are not accepted; use https"),
            ("ftp://h.example/a.png", "addresses that begin with ftp: are not accepted; use https, gs or a path"),
            ("file:///etc/passwd", "file: URIs are not accepted; write the path, relative to the job file"),
            (
                "\"data:image/png;base64,AAAA\"",
                "data: URIs are not accepted; write the image to a file and name the file"
            ),
            (
                "https://u:p@h.example/a.png",
                "an address with a user name in it is not accepted; it would be stored and logged"
            ),
            (
                "\"https://h.example/a b.png\"",
                "the address holds a blank or a control character; write it as %20 and the like"
            ),
            ("gs://bucket", "expected gs://BUCKET/OBJECT"), ("\"https:///a.png\"", "the address names no host"),
            ("gs://b/a.gif", "the API does not take image/gif; convert gs://b/a.gif to PNG or to a video"),
            ("{uri: gs://b/a, mime_type: png}", "\"png\" is not a MIME type such as image/jpeg"),
            ("{uri: a.png}", "\"a.png\" is not a URI; write {path: …} for a local file"),
            ("empty.png", "empty.png is empty"),
            ("none.png", "none.png cannot be read: No such file or directory"),
            ("a", "the type of a cannot be told from its name; write {uri: …, mime_type: image/jpeg}"),
        ]
    )
    func refusals(image: String, message: String) throws {
        #expect(try refusal(image) == message)
    }

    // Fault matrix: F59.
    @Test(
        "addresses that lead inside a network are refused in all their spellings",
        arguments: [
            "127.0.0.1", "169.254.169.254", "10.1.2.3", "192.168.0.1", "172.16.0.1", "172.31.255.255", "100.64.0.1",
            "0.0.0.0", "localhost",
            "LOCALHOST.", "a.localhost", "metadata.google.internal", "2130706433", "0x7f.1", "[::1]", "[::]",
            "[fe80::1]", "[fd00::1]",
            "[::ffff:127.0.0.1]", "127.0.0.1:8080",
        ]
    )
    func privateHosts(host: String) throws {
        #expect(try refusal("\"https://\(host)/a.png\"")?.contains("is a private address") == true)
    }

    @Test(
        "public addresses are not",
        arguments: ["8.8.8.8", "172.32.0.1", "100.128.0.1", "[2001:4860::8888]", "internal.example"]
    )
    func publicHosts(host: String) throws {
        #expect(try refusal("\"https://\(host)/a.png\"") == nil)
    }

    // Fault matrix: F59.
    @Test("a file is taken up to 2 GB; a larger one is refused before it is read")
    func tooLarge() throws {
        let workspace = try Workspace(["big.png": ""])
        let job = "model: m\nprompts: [{prompt: x, images: [big.png]}]\n"
        #expect(truncate(workspace.path + "/big.png", 2 << 30) == 0)
        // Checked only: it is not read.
        #expect(throws: Never.self) { try workspace.load(job) }
        #expect(truncate(workspace.path + "/big.png", 2 << 30 + 1) == 0)
        #expect(workspace.error(job)?.description.contains("big.png is larger than 2 GB") == true)
    }
}
