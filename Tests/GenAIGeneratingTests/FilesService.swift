import Foundation
import JSON
import Synchronization
import TestSupport

/// The Files API and a model, as the script of a loopback server; says of files what a test wants it to say.
final class FilesService: Sendable {
    struct State: Sendable {
        /// Questions that will still be answered with `PROCESSING`, by the names of the files.
        var files: [String: Int] = [:]
        /// Uploads that were begun, also those that came to nothing.
        var uploads = 0
        /// Questions about files.
        var questions = 0
        /// The parts of each prompt, also of those that were refused.
        var prompts: [[JSONValue]] = []

        /// How often a new file is said to be `PROCESSING`.
        var polls = 0
        var processingFails = false
        /// Whether prompts are refused that name files, whatever files there are.
        var refusesPrompts = false
        /// Answers the start of an upload in another way.
        var refusal: (@Sendable (LoopbackConnection) -> Void)?
        /// More members of new files.
        var details: JSONObject = [:]
    }

    private static let address = "https://files.example/v1beta/"
    private let mutex = Mutex(State())

    var state: State { mutex.withLock { $0 } }

    init(_ change: (inout State) -> Void = { _ in }) {
        self.change(change)
    }

    func change(_ body: (inout State) -> Void) {
        mutex.withLock { body(&$0) }
    }

    /// The script.
    func respond(to request: LoopbackServer.Request, _ connection: LoopbackConnection) {
        switch (request.method, request.target) {
        case ("POST", "/upload/v1beta/files"): start(request, connection)
        case ("POST", let target) where target.hasPrefix("/upload/"): take(request, connection)
        case ("GET", let target): answerQuestion(String(target.dropFirst("/v1beta/".count)), connection)
        default: answerPrompt(request, connection)
        }
    }

    private func start(_ request: LoopbackServer.Request, _ connection: LoopbackConnection) {
        let (number, refusal) = mutex.withLock { state in
            state.uploads += 1
            return (state.uploads, state.refusal)
        }
        if let refusal { return refusal(connection) }
        let address = "http://\(request.header("host") ?? "")/upload/\(number)"
        connection.respond(200, [("X-Goog-Upload-URL", address), ("X-Goog-Upload-Status", "active")], "")
    }

    private func take(_ request: LoopbackServer.Request, _ connection: LoopbackConnection) {
        guard request.header("x-goog-upload-command")?.hasSuffix("finalize") == true else {
            return connection.respond(200, [("X-Goog-Upload-Status", "active")], "")
        }
        let name = "files/\(request.target.split(separator: "/").last ?? "")"
        let file = mutex.withLock { state in
            state.files[name] = state.polls
            return Self.describe(name, state)
        }
        let document = JSONValue.object(["file": .object(file)]).text
        connection.respond(200, [("X-Goog-Upload-Status", "final")], document)
    }

    private func answerQuestion(_ name: String, _ connection: LoopbackConnection) {
        let file: JSONObject? = mutex.withLock { state in
            state.questions += 1
            guard let polls = state.files[name] else { return nil }
            defer { state.files[name] = max(polls - 1, 0) }
            return Self.describe(name, state)
        }
        guard let file else { return Self.refuse(name, connection) }
        connection.respond(200, [], JSONValue.object(file).text)
    }

    private func answerPrompt(_ request: LoopbackServer.Request, _ connection: LoopbackConnection) {
        let contents = (try? JSONValue(parsing: request.body))?["contents"]?.array ?? []
        let parts = contents.flatMap { $0["parts"]?.array ?? [] }
        let names = parts.compactMap { $0["fileData"]?["fileUri"]?.string?.dropFirst(Self.address.count) }
        let refused = mutex.withLock { state in
            state.prompts.append(parts)
            return names.first { state.refusesPrompts || state.files[String($0)] != 0 }
        }
        if let refused { return Self.refuse(String(refused), connection) }
        let answer = #"{"candidates":[{"content":{"parts":[{"text":"Seen."}]},"finishReason":"STOP"}]}"#
        connection.respond(200, [], "data: \(answer)\r\n\r\n")
    }

    private static func describe(_ name: String, _ state: State) -> JSONObject {
        var file = state.details
        file["name"] = .string(name)
        file["uri"] = .string(address + name)
        let isProcessed = state.files[name] == 0
        file["state"] = isProcessed ? (state.processingFails ? "FAILED" : "ACTIVE") : "PROCESSING"
        if isProcessed, state.processingFails {
            file["error"] = ["code": 3, "message": "The video has no frames."]
        }
        return file
    }

    private static func refuse(_ name: String, _ connection: LoopbackConnection) {
        let id = name.dropFirst("files/".count)
        let message = "You do not have permission to access the File \(id) or it may not exist."
        let error = #"{"error":{"code":403,"message":"\#(message)","status":"PERMISSION_DENIED"}}"#
        connection.respond(403, [], error)
    }
}
