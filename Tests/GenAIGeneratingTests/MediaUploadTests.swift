import BatchCore
import Foundation
import GenAI
import JSON
import TestSupport
import Testing

@testable import GenAIGenerating

/// Files of nothing but zeros, which take no space, and their hashes.
private enum Zeros: Int {
    case small = 1_000_000
    case atLimit = 15_000_000
    case overLimit = 15_000_001
    case large = 16_000_000

    var sha256: String {
        switch self {
        case .small: "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025"
        case .atLimit: "96ce53dde66484cf0a3056b87a666081a689e0c09f5fd51e6deaa5cfa89d145b"
        case .overLimit: "fc5b498d66683a9914bda58c30feb45355811aa32d3044bb378790541df91fb9"
        case .large: "fbcf5fa2db24b8445282a3f00ee1a425fc058ba21ca8302a19fbd752718bf113"
        }
    }
}

/// What a run needs to send files: a folder with them, and what outlives the run.
private struct Studio {
    let folder: TemporaryDirectory
    let register: InMemoryUploadRegister
    let clock = ManualClock()

    init(register: InMemoryUploadRegister = InMemoryUploadRegister()) throws {
        folder = try TemporaryDirectory()
        self.register = register
    }

    func file(_ zeros: Zeros, name: String? = nil, mimeType: String = "video/mp4") throws -> MediaReference {
        let path = try folder.write("", to: name ?? "\(zeros).mp4")
        #expect(truncate(path, zeros.rawValue) == 0)
        return MediaReference(.file(path: path, sha256: zeros.sha256), mimeType: mimeType)
    }

    /// A generator with a memory of its own, as each run has it.
    func run(_ server: LoopbackServer, key: String = "AIza-test-key") throws -> GenAIGenerator {
        let client = try Client(apiKey: key, options: HTTPOptions(baseURL: server.url))
        let uploads = MediaUploads(client: client, register: register, clock: clock, pollInterval: .zero)
        return GenAIGenerator(client: client, uploads: uploads)
    }
}

extension GenAIGenerator {
    @discardableResult
    fileprivate func send(_ media: MediaReference...) async throws -> GenerationResult {
        let item = ItemRequest(model: "m", turns: [ItemRequest.Turn(text: "Describe.", media: media)])
        let request = GenerationRequest(item: item, answeredTurns: [], stream: true, timeouts: Timeouts())
        return try await generate(request, meter: StreamMeter())
    }
}

/// How the parts of a prompt begin: the file's address, or `inline`.
private func media(of prompt: [JSONValue]) -> [String] {
    prompt.compactMap { part in
        part["fileData"]?["fileUri"]?.string ?? part["inlineData"].map { _ in "inline" }
    }
}

@Suite("Media that are too large for a request", .timeLimit(.minutes(2)))
struct MediaUploadTests {
    @Test("the largest files are uploaded until the others fit into the request")
    func plan() throws {
        let studio = try Studio()
        func uploads(_ zeros: Zeros...) throws -> [String] {
            try MediaPlan.uploads(of: zeros.compactMap { LocalMedium(try studio.file($0)) }).map(\.sha256)
        }
        #expect(try uploads() == [])
        #expect(try uploads(.atLimit) == [])
        #expect(try uploads(.overLimit) == [Zeros.overLimit.sha256])
        #expect(try uploads(.small, .atLimit) == [Zeros.atLimit.sha256])
        #expect(try uploads(.small, .large, .overLimit) == [Zeros.large.sha256, Zeros.overLimit.sha256])
        // A file that occurs again travels again, and is uploaded once.
        #expect(try uploads(.atLimit, .atLimit) == [Zeros.atLimit.sha256])
        let many = try (0..<16).compactMap { LocalMedium(try studio.file(.small, name: "\($0).png")) }
        #expect(try MediaPlan.uploads(of: many).count == 1)
    }

    @Test("equal bytes are uploaded once, whatever their files are called and however many items need them at once")
    func uploadsOnce() async throws {
        let studio = try Studio()
        let files = FilesService()
        try await withLoopbackServer(files.respond) { server in
            let generator = try studio.run(server)
            let first = try studio.file(.large)
            let copy = try studio.file(.large, name: "copy.mp4")
            let small = try studio.file(.small, mimeType: "image/png")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask { try await generator.send(number.isMultiple(of: 2) ? first : copy, small) }
                }
                try await group.waitForAll()
            }
            #expect(files.state.uploads == 1)
            #expect(files.state.prompts.count == 8)
            for prompt in files.state.prompts {
                #expect(media(of: prompt) == ["https://files.example/v1beta/files/1", "inline"])
                #expect(prompt[0]["fileData"]?["mimeType"] == "video/mp4")
            }
            // Another type is another file.
            try await generator.send(try studio.file(.large, mimeType: "video/mpeg"))
            #expect(files.state.uploads == 2)
        }
        let sizes = studio.register.all.map(\.size)
        #expect(sizes == [16_000_000, 16_000_000])
    }

    @Test("a file is named only when the server has processed it")
    func waitsForProcessing() async throws {
        let studio = try Studio()
        let files = FilesService { $0.polls = 3 }
        try await withLoopbackServer(files.respond) { server in
            try await studio.run(server).send(try studio.file(.large))
            #expect(files.state.questions == 4)
            #expect(files.state.prompts.count == 1)
        }
    }

    @Test("a file that the server cannot process fails its items in the server's words, and is not uploaded again")
    func failedProcessing() async throws {
        let studio = try Studio()
        let files = FilesService { $0.processingFails = true }
        try await withLoopbackServer(files.respond) { server in
            let generator = try studio.run(server)
            let file = try studio.file(.large)
            for _ in 0..<2 {
                let error = await #expect(throws: GenerationError.self) { try await generator.send(file) }
                #expect(error?.failureClass == .media)
                #expect(error?.message.contains("large.mp4: The video has no frames.") == true)
                #expect(error?.isPossiblyBilled == false)
            }
            #expect(files.state.uploads == 1)
            #expect(files.state.prompts.isEmpty)
            // The next run is a new attempt.
            files.change { $0.processingFails = false }
            try await studio.run(server).send(file)
        }
    }

    @Test("a later run asks once after what an earlier one has uploaded, and uploads nothing")
    func laterRun() async throws {
        let studio = try Studio()
        let files = FilesService { $0.polls = 1 }
        try await withLoopbackServer(files.respond) { server in
            let file = try studio.file(.large)
            try await studio.run(server).send(file)
            let questions = files.state.questions
            let second = try studio.run(server)
            try await second.send(file)
            try await second.send(file)
            #expect(files.state.uploads == 1)
            #expect(files.state.questions == questions + 1)
            #expect(files.state.prompts.count == 3)
            // Another key may be another project's, which cannot see the file.
            try await studio.run(server, key: "AIza-other-key").send(file)
            #expect(files.state.uploads == 2)
            #expect(studio.register.all.allSatisfy { !$0.key.account.contains("AIza") })
        }
    }

    @Test("a file is uploaded again before it expires: after 48 hours, or when the server says", arguments: [48, 2])
    func expiry(hours: Int) async throws {
        let studio = try Studio()
        let files = FilesService()
        if hours != 48 {
            // By a clock that is years away from ours.
            files.change { state in
                state.details = [
                    "createTime": "2026-11-20T10:00:00Z", "expirationTime": "2026-11-20T12:00:00.000Z",
                ]
            }
        }
        try await withLoopbackServer(files.respond) { server in
            let file = try studio.file(.large)
            let generator = try studio.run(server)
            try await generator.send(file)
            studio.clock.advance(by: .seconds((hours - 1) * 3600 - 1))
            try await generator.send(file)
            #expect(files.state.uploads == 1)
            studio.clock.advance(by: .seconds(1))
            try await generator.send(file)
            #expect(files.state.uploads == 2)
            #expect(studio.register.all.count == 1)
            #expect(files.state.prompts.map(media) == [1, 1, 2].map { ["https://files.example/v1beta/files/\($0)"] })
            // A later run does not even ask after the old one.
            studio.clock.advance(by: .seconds(hours * 3600))
            try await studio.run(server).send(file)
            #expect(files.state.uploads == 3)
            #expect(files.state.questions == 0)
        }
    }

    @Test("a file that has vanished is uploaded again, once for all who miss it")
    func vanished() async throws {
        let studio = try Studio()
        let files = FilesService()
        try await withLoopbackServer(files.respond) { server in
            let file = try studio.file(.large)
            let generator = try studio.run(server)
            try await generator.send(file)
            files.change { $0.files = [:] }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { try await generator.send(file) }
                }
                try await group.waitForAll()
            }
            #expect(files.state.uploads == 2)
            // Also if it vanished between two runs.
            files.change { $0.files = [:] }
            try await studio.run(server).send(file)
            #expect(files.state.uploads == 3)
        }
    }

    @Test("a file that the server has and prompts may not name is tried twice and no more")
    func refusedForGood() async throws {
        let studio = try Studio()
        let files = FilesService { $0.refusesPrompts = true }
        try await withLoopbackServer(files.respond) { server in
            let generator = try studio.run(server)
            let file = try studio.file(.large)
            let error = await #expect(throws: GenerationError.self) { try await generator.send(file) }
            #expect(error?.failureClass == .media)
            #expect(error?.httpStatus == 403)
            #expect(files.state.prompts.count == 2)
            #expect(files.state.uploads == 1)
        }
    }

    @Test(
        "what keeps a file from being uploaded has the class of its cause, and is not billed",
        arguments: [
            (400, "INVALID_ARGUMENT", FailureClass.media), (401, "UNAUTHENTICATED", .auth),
            (403, "PERMISSION_DENIED", .auth), (404, "NOT_FOUND", .media), (413, "", .media),
            (429, "RESOURCE_EXHAUSTED", .rateUnknown), (500, "INTERNAL", .server), (503, "UNAVAILABLE", .overloaded),
        ]
    )
    func refusedUpload(status: Int, name: String, failureClass: FailureClass) async throws {
        let studio = try Studio()
        let files = FilesService { state in
            state.refusal = { connection in
                let error = #"{"error":{"code":\#(status),"message":"Not this one.","status":"\#(name)"}}"#
                connection.respond(status, [], error)
            }
        }
        try await withLoopbackServer(files.respond) { server in
            let generator = try studio.run(server)
            let file = try studio.file(.large)
            let error = await #expect(throws: GenerationError.self) { try await generator.send(file) }
            #expect(error?.failureClass == failureClass)
            #expect(error?.httpStatus == status)
            #expect(error?.isPossiblyBilled == false)
            #expect(error?.message.hasPrefix("cannot upload \(studio.folder.path)/large.mp4: HTTP \(status)") == true)
            #expect(files.state.prompts.isEmpty)
            // The next attempt begins anew.
            files.change { $0.refusal = nil }
            try await generator.send(file)
            #expect(files.state.uploads == 2)
        }
    }

    @Test("a connection that breaks is a matter of the network")
    func brokenUpload() async throws {
        let studio = try Studio()
        let files = FilesService { $0.refusal = { $0.reset() } }
        try await withLoopbackServer(files.respond) { server in
            let generator = try studio.run(server)
            let file = try studio.file(.large)
            let error = await #expect(throws: GenerationError.self) { try await generator.send(file) }
            #expect(error?.failureClass == .network)
            #expect(error?.isPossiblyBilled == false)
        }
    }

    @Test("a file that is not the one of the plan is not named in any prompt")
    func changedFile() async throws {
        let studio = try Studio()
        // The hash of what arrived, in the server's manner: base64 of hexadecimal digits.
        let other = Data(Zeros.small.sha256.utf8).base64EncodedString()
        let files = FilesService { $0.details = ["sha256Hash": .string(other)] }
        try await withLoopbackServer(files.respond) { server in
            let generator = try studio.run(server)
            let path = try studio.folder.write("", to: "changed.mp4")
            #expect(truncate(path, Zeros.large.rawValue) == 0)
            let changed = MediaReference(.file(path: path, sha256: Zeros.small.sha256), mimeType: "video/mp4")
            let before = await #expect(throws: GenerationError.self) { try await generator.send(changed) }
            #expect(before?.failureClass == .media)
            #expect(before?.message.contains("changed.mp4 has changed") == true)
            #expect(files.state.uploads == 0)
            let file = try studio.file(.large)
            let meanwhile = await #expect(throws: GenerationError.self) { try await generator.send(file) }
            #expect(meanwhile?.message.contains("large.mp4 has changed") == true)
            #expect(files.state.uploads == 1)
            #expect(studio.register.all.isEmpty)
            #expect(files.state.prompts.isEmpty)
        }
    }

    @Test("a register that fails costs nothing but its memory")
    func failingRegister() async throws {
        let studio = try Studio(register: InMemoryUploadRegister(isFailing: true))
        let files = FilesService()
        try await withLoopbackServer(files.respond) { server in
            let generator = try studio.run(server)
            let file = try studio.file(.large)
            try await generator.send(file)
            try await generator.send(file)
            #expect(files.state.uploads == 1)
        }
    }

    @Test("a cancelled attempt cuts its upload, and the next one begins anew")
    func cancel() async throws {
        let studio = try Studio()
        let files = FilesService { $0.refusal = { $0.waitForClose() } }
        try await withLoopbackServer(files.respond) { server in
            let generator = try studio.run(server)
            let file = try studio.file(.large)
            let task = Task { try await generator.send(file) }
            try await server.requestCount.reach(1)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await server.clientCloseCount.reach(1)
            files.change { $0.refusal = nil }
            try await generator.send(file)
            #expect(files.state.prompts.count == 1)
        }
    }

    @Test("on Vertex AI, which takes no uploads, too large a file is told where to go")
    func vertex() async throws {
        let studio = try Studio()
        let files = FilesService()
        try await withLoopbackServer(files.respond) { server in
            let client = try Client(
                vertex: VertexOptions(credentials: .apiKey("AIza-test-key")),
                options: HTTPOptions(baseURL: server.url)
            )
            let generator = GenAIGenerator(client)
            let path = try studio.folder.write("", to: "film.mp4")
            #expect(truncate(path, 75_000_001) == 0)
            let film = MediaReference(.file(path: path, sha256: "00"), mimeType: "video/mp4")
            let error = await #expect(throws: GenerationError.self) { try await generator.send(film) }
            #expect(error?.failureClass == .media)
            #expect(error?.message.contains("film.mp4 into Cloud Storage and name it by its gs:// address") == true)
            #expect(server.requests.isEmpty)
            // What fits travels with the request, also where the other server would want an upload.
            try await generator.send(try studio.file(.large))
            #expect(files.state.uploads == 0)
            #expect(files.state.prompts.map(media) == [["inline"]])
        }
    }
}

@Suite("Waiting for uploads", .timeLimit(.minutes(1)))
struct UploadWaitingTests {
    @Test("no more tasks than slots are let through, and all are in the end")
    func slots() async throws {
        let slots = UploadSlots(2)
        let inside = Watched((now: 0, peak: 0, total: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await slots.withSlot {
                        inside.change { $0 = ($0.now + 1, max($0.peak, $0.now + 1), $0.total + 1) }
                        // Nobody leaves before the second one is in.
                        try await inside.wait { $0.peak == 2 }
                        await Task.yield()
                        inside.change { $0.now -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.value == (0, 2, 20))
    }

    @Test("who is cancelled while waiting for a slot leaves the line")
    func cancelledInLine() async throws {
        let slots = UploadSlots(1)
        let gate = Watched(false)
        let began = Tally()
        let holder = Task {
            try await slots.withSlot {
                began.raise()
                try await gate.wait { $0 }
            }
        }
        try await began.reach(1)
        let waiting = Task { try await slots.withSlot { Issue.record("let through") } }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        gate.change { $0 = true }
        try await holder.value
        try await slots.withSlot {}
    }

    @Test("shared work goes on when one who waits for it is cancelled, and ends with the last")
    func sharedTask() async throws {
        let gate = Watched(false)
        let shared = SharedTask {
            try await gate.wait { $0 }
            return "done"
        }
        let room = WaitingRoom()
        let first = try await room.admit(to: shared)
        let second = try await room.admit(to: shared)
        first.cancel()
        gate.change { $0 = true }
        #expect(try await second.value == "done")

        let endless = SharedTask { try await Watched(false).wait { $0 } }
        let only = try await room.admit(to: endless)
        only.cancel()
        await #expect(throws: CancellationError.self) { try await only.value }
    }
}

/// Has tasks wait for work, and knows when they do.
private actor WaitingRoom {
    func admit<Value: Sendable>(to shared: SharedTask<Value>) async throws -> Task<Value, any Error> {
        let entered = Tally()
        let task = Task { try await wait(for: shared, entered) }
        // The task has this actor to itself until it waits; then only can this go on.
        try await entered.reach(1)
        return task
    }

    private func wait<Value: Sendable>(for shared: SharedTask<Value>, _ entered: Tally) async throws -> Value {
        entered.raise()
        return try await shared.value
    }
}
