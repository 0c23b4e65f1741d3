import Foundation
import GeminiSimulator
import JSON
import Synchronization
import TestSupport
import Testing

@testable import GenAI

private let granule = 256 << 10
private let described = #"{"file":{"name":"files/a1","uri":"https://files.example/a1","state":"ACTIVE"}}"#

/// Bytes of which no two pieces are alike.
private func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8) ^ ($0 >> 16)) }
}

extension Client {
    /// Files in small pieces, without waiting between attempts.
    fileprivate var quickFiles: Files {
        var files = files
        files.pieceBytes = granule
        files.retryDelays = [.zero, .zero, .zero]
        return files
    }
}

@Suite("Files", .timeLimit(.minutes(1)))
struct FilesTests {
    @Test(
        "bytes and files of any size arrive whole",
        arguments: [0, 1, granule - 1, granule, granule + 1, granule * 3, granule * 3 + 7]
    )
    func sizes(count: Int) async throws {
        let folder = try TemporaryDirectory()
        let content = bytes(count)
        let path = try folder.write(Data(content), to: "plan.bin")
        try await withSimulator { client in
            let files = client.quickFiles
            let first = try await files.upload(content, mimeType: "image/png", displayName: "plan")
            let second = try await files.upload(path: path, mimeType: "image/png", name: "files/from-disk")
            #expect(first.sizeBytes == count && second.sizeBytes == count)
            #expect(first.displayName == "plan" && second.displayName == nil)
            #expect(first.mimeType == "image/png")
            #expect(second.name == "files/from-disk")
            // The server's hash of what arrived: the same bytes by both ways.
            #expect(first.json["sha256Hash"] == second.json["sha256Hash"])
        }
    }

    @Test("an upload goes on where each break left it, and what arrives is what was sent")
    func breaks() async throws {
        let script = #"{"rules":[{"match":"cut","attempts":[1,3,4,6],"fault":{"kind":"cutUpload","afterBytes":1000}}]}"#
        let content = bytes(granule * 3 + 500)
        try await withSimulator(script: script) { client in
            let whole = try await client.quickFiles.upload(content, mimeType: "image/png", displayName: "well")
            let cut = try await client.quickFiles.upload(content, mimeType: "image/png", displayName: "cut")
            #expect(cut.sizeBytes == content.count)
            #expect(cut.json["sha256Hash"] == whole.json["sha256Hash"])
        }
    }

    @Test("an upload that comes no further is given up, with the last error")
    func noProgress() async throws {
        let script = #"{"rules":[{"fault":{"kind":"cutUpload","afterBytes":0}}]}"#
        try await withSimulator(script: script) { client in
            let error = await #expect(throws: GenAIError.self) {
                try await client.quickFiles.upload(bytes(100), mimeType: "image/png")
            }
            #expect(error?.label == "connectionLost")
        }
    }

    @Test("requests are the protocol's, and the key does not travel with the bytes (19.14)")
    func requests() async throws {
        try await withLoopbackServer { request, connection in
            switch request.number {
            case 0:
                let address = "http://\(request.header("host") ?? "")/somewhere?upload_id=XYZ"
                connection.respond(200, [("X-Goog-Upload-URL", address), ("X-Goog-Upload-Status", "active")], "")
            case 1: connection.respond(200, [("X-Goog-Upload-Status", "active")], "")
            default: connection.respond(200, [("X-Goog-Upload-Status", "final")], described)
            }
        } _: { server in
            let client = try Client(server)
            let file = try await client.quickFiles.upload(
                bytes(granule + 3),
                mimeType: "image/png",
                displayName: "plan.png"
            )
            #expect(file.name == "files/a1" && file.state == .active)
            let (start, first, last) = (server.requests[0], server.requests[1], server.requests[2])
            #expect(start.target == "/upload/v1beta/files")
            #expect(start.header("x-goog-api-key") == testKey)
            #expect(start.header("x-goog-upload-protocol") == "resumable")
            #expect(start.header("x-goog-upload-command") == "start")
            #expect(start.header("x-goog-upload-header-content-length") == "\(granule + 3)")
            #expect(start.header("x-goog-upload-header-content-type") == "image/png")
            #expect(
                start.bodyText
                    == #"{"file":{"mimeType":"image/png","sizeBytes":\#(granule + 3),"displayName":"plan.png"}}"#
            )
            for piece in [first, last] {
                #expect(piece.method == "POST" && piece.target == "/somewhere?upload_id=XYZ")
                #expect(piece.header("x-goog-api-key") == nil)
            }
            #expect(first.header("x-goog-upload-command") == "upload")
            #expect(first.header("x-goog-upload-offset") == "0" && first.body.count == granule)
            #expect(last.header("x-goog-upload-command") == "upload, finalize")
            #expect(last.header("x-goog-upload-offset") == "\(granule)")
            #expect(last.body == Array(bytes(granule + 3).suffix(3)))
        }
    }

    /// What a server says to each request after the start, and the commands that it gets for it.
    struct Exchange: Sendable, CustomTestStringConvertible {
        let name: String
        let answers: [Answer]
        let commands: [String]
        var label: String?
        var testDescription: String { name }
    }

    /// One answer: a status, the headers and the body; `nil` for none.
    struct Answer: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body = ""

        static let final = Answer(headers: [("X-Goog-Upload-Status", "final")], body: described)

        static func received(_ count: Int) -> Answer {
            let headers = [("X-Goog-Upload-Status", "active"), ("X-Goog-Upload-Size-Received", "\(count)")]
            return Answer(headers: headers)
        }
    }

    @Test(
        "what the server says decides how an upload goes on",
        arguments: [
            Exchange(
                name: "no status: the piece is sent again from where the server is",
                answers: [Answer(), .received(4), .final],
                commands: ["upload, finalize 0", "query ", "upload, finalize 4"]
            ),
            Exchange(
                name: "no status to the question either: the same piece again",
                answers: [Answer(), Answer(), .final],
                commands: ["upload, finalize 0", "query ", "upload, finalize 0"]
            ),
            Exchange(
                name: "not taken to its end: asked, and sent on",
                answers: [.received(10), .received(10), .final],
                commands: ["upload, finalize 0", "query ", "upload, finalize 10"]
            ),
            Exchange(
                name: "overloaded: asked, and the end was there all the time",
                answers: [Answer(status: 503), .final],
                commands: ["upload, finalize 0", "query "]
            ),
            Exchange(
                name: "no progress: given up after three more attempts",
                answers: [Answer(status: 500), .received(0), Answer(status: 500), .received(0), Answer(status: 503)],
                commands: [
                    "upload, finalize 0", "query ", "upload, finalize 0", "query ", "upload, finalize 0", "query ",
                ],
                label: "api 503"
            ),
            Exchange(
                name: "refused: given up",
                answers: [Answer(status: 400)],
                commands: ["upload, finalize 0"],
                label: "api 400"
            ),
            Exchange(
                name: "cancelled by the server",
                answers: [Answer(headers: [("X-Goog-Upload-Status", "cancelled")])],
                commands: ["upload, finalize 0"],
                label: "malformedResponse"
            ),
            Exchange(
                name: "more received than there is",
                answers: [Answer(status: 503), .received(11)],
                commands: ["upload, finalize 0", "query "],
                label: "malformedResponse"
            ),
            Exchange(
                name: "complete without a file",
                answers: [Answer(headers: [("X-Goog-Upload-Status", "final")])],
                commands: ["upload, finalize 0"],
                label: "malformedResponse"
            ),
        ]
    )
    func exchanges(exchange: Exchange) async throws {
        try await withLoopbackServer { request, connection in
            guard request.number > 0 else {
                let address = "http://\(request.header("host") ?? "")/u?upload_id=secret"
                return connection.respond(200, [("X-Goog-Upload-URL", address)], "")
            }
            let answer =
                request.number <= exchange.answers.count
                ? exchange.answers[request.number - 1] : Answer(status: 503)
            connection.respond(answer.status, answer.headers, answer.body)
        } _: { server in
            let files = try Client(server).quickFiles
            do {
                let file = try await files.upload(bytes(10), mimeType: "image/png")
                #expect(exchange.label == nil)
                #expect(file.name == "files/a1")
            } catch let error as GenAIError {
                #expect(error.label == exchange.label, "\(error)")
                #expect(!error.description.contains("secret"))
            }
            let commands = server.requests.dropFirst().map { request in
                "\(request.header("x-goog-upload-command") ?? "") \(request.header("x-goog-upload-offset") ?? "")"
            }
            #expect(commands == exchange.commands)
        }
    }

    @Test(
        "pieces are multiples of what the server asks for, unless that makes no sense",
        arguments: [
            ("100000", 200_000), ("1", granule), ("\(granule)", granule), ("0", granule), ("-5", granule),
            ("x", granule), ("9223372036854775807", granule),
        ]
    )
    func granularity(granularity: String, size: Int) async throws {
        try await withLoopbackServer { request, connection in
            guard request.number > 0 else {
                let address = "http://\(request.header("host") ?? "")/u?upload_id=1"
                let headers = [("X-Goog-Upload-URL", address), ("X-Goog-Upload-Chunk-Granularity", granularity)]
                return connection.respond(200, headers, "")
            }
            let isLast = request.header("x-goog-upload-command") == "upload, finalize"
            connection.respond(200, [("X-Goog-Upload-Status", isLast ? "final" : "active")], isLast ? described : "")
        } _: { server in
            _ = try await Client(server).quickFiles.upload(bytes(size * 2 + 1), mimeType: "image/png")
            #expect(server.requests.dropFirst().map(\.body.count) == [size, size, 1])
        }
    }

    @Test(
        "bytes go to no address that is not safe",
        arguments: ["http://files.example/u?upload_id=1", "ftp://127.0.0.1/u", "", "https://a@b.example/u"]
    )
    func unsafeAddress(address: String) async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [("X-Goog-Upload-URL", address)], "")
        } _: { server in
            let files = try Client(server).quickFiles
            let error = await #expect(throws: GenAIError.self) {
                try await files.upload(bytes(10), mimeType: "image/png")
            }
            #expect(error?.label == "malformedResponse", "\(String(describing: error))")
            #expect(server.requests.count == 1)
        }
    }

    @Test("what cannot be read, or changes while it is read, is said")
    func unreadable() async throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write(Data(bytes(granule * 2)), to: "video.bin")
        try await withLoopbackServer { request, connection in
            let address = "http://\(request.header("host") ?? "")/u?upload_id=1"
            if request.number == 1 {
                // The first piece has left: now the file shrinks.
                truncate(path, off_t(granule + 1))
            }
            connection.respond(200, [("X-Goog-Upload-URL", address), ("X-Goog-Upload-Status", "active")], "")
        } _: { server in
            let files = try Client(server).quickFiles
            for (path, words) in [
                (folder.path + "/none", "none: No such file"), (folder.path, "not a regular file"),
            ] {
                let error = await #expect(throws: GenAIError.self) {
                    try await files.upload(path: path, mimeType: "video/mp4")
                }
                #expect(error?.label == "invalidCall")
                #expect(error?.description.contains(words) == true)
            }
            #expect(server.requests.isEmpty)
            let error = await #expect(throws: GenAIError.self) {
                try await files.upload(path: path, mimeType: "video/mp4")
            }
            #expect(error?.description.contains("became shorter") == true, "\(String(describing: error))")
        }
    }

    @Test("a file is asked for until it is active, and no longer than allowed")
    func waiting() async throws {
        try await withSimulator(processingPolls: 3) { client in
            let file = try await client.files.upload(bytes(10), mimeType: "image/png")
            #expect(file.state == .processing)
            let error = await #expect(throws: GenAIError.self) {
                try await client.files.waitUntilActive(file, interval: .zero, limit: .zero)
            }
            #expect(error?.label == "timedOut total")
            #expect(error?.description.contains("\(file.name) is still PROCESSING") == true)
            let active = try await client.files.waitUntilActive(file, interval: .zero)
            #expect(active.state == .active)
            #expect(try await client.files.waitUntilActive(active, limit: .zero) == active)
            let prompt = Content(parts: [.file(active), .text("What is this?")])
            let answer = try await client.models.generateContent(model: "gemini-2.5-flash", contents: [prompt])
            #expect(answer.text?.contains(file.uri) == true)
        }
    }

    @Test("a file that cannot be processed is an error of its own")
    func failing() async throws {
        try await withSimulator(script: #"{"rules":[{"fault":{"kind":"failedFile"}}]}"#) { client in
            let file = try await client.files.upload(bytes(10), mimeType: "image/png")
            let error = await #expect(throws: FileProcessingError.self) {
                try await client.files.waitUntilActive(file, interval: .zero)
            }
            #expect(error?.file.name == file.name && error?.file.state == .failed)
            #expect(error?.description.contains("could not be processed") == true)
        }
    }

    @Test("files are listed, looked up by either name, and deleted")
    func listing() async throws {
        try await withSimulator(processingPolls: 0) { client in
            var uploaded: [File] = []
            for number in 0..<5 {
                uploaded.append(try await client.files.upload(bytes(number), mimeType: "image/png"))
            }
            var listed: [File] = []
            for try await file in client.files.list(pageSize: 2) {
                listed.append(file)
            }
            #expect(listed == uploaded.reversed())
            let file = uploaded[2]
            #expect(try await client.files.get(name: file.name) == file)
            #expect(try await client.files.get(name: String(file.name.dropFirst("files/".count))) == file)
            try await client.files.delete(name: file.name)
            let error = await #expect(throws: GenAIError.self) { try await client.files.get(name: file.name) }
            guard case .api(let error) = error else { return #expect(Bool(false), "\(String(describing: error))") }
            #expect(error.httpStatus == 403)
        }
    }
}
