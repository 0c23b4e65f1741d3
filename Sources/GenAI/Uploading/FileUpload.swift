internal import Curl
internal import JSON

/// What is said of a file when its upload starts.
struct UploadMetadata: Sendable {
    var mimeType: String
    var displayName: String?
    var name: String?
}

/// One resumable upload: started, then sent in pieces, of which each may have to be sent again from within.
struct FileUpload {
    /// What the server makes of the upload; anything else it says is a mistake.
    private enum Status: String {
        case active, final
    }

    private let files: Files
    private let source: UploadSource
    /// Where the pieces go, without the headers of this one; holds the only secret, and no key.
    private let piece: HTTPRequest
    private let pieceBytes: Int
    private var offset = 0

    /// Starts an upload; no byte of the file is sent yet.
    init(_ source: UploadSource, _ metadata: UploadMetadata, files: Files) async throws {
        let request = try await Self.startRequest(source, metadata, files: files)
        let reply = try await files.client.send(request)
        guard let address = reply.head.header("x-goog-upload-url") else {
            throw GenAIError.malformedResponse("the answer to the start of an upload names no address for it")
        }
        self.files = files
        self.source = source
        piece = try Self.pieceRequest(request, address: address, userAgent: files.client.options.userAgent)
        let granularity = reply.head.header("x-goog-upload-chunk-granularity").flatMap { Int($0) } ?? 1
        // One that makes no sense is for the server to complain about.
        let isUsable = (1...files.pieceBytes).contains(granularity)
        pieceBytes = isUsable ? files.pieceBytes / granularity * granularity : files.pieceBytes
    }

    /// Sends the file.
    ///
    /// - Returns: What the server knows about it.
    /// - Throws: The error after which it was not worth going on.
    mutating func run() async throws -> File {
        var furthest = 0
        var delays = files.retryDelays[...]
        var isInterrupted = false
        while true {
            do {
                if let file = try await (isInterrupted ? findOffset() : sendPiece()) { return file }
                isInterrupted = false
            } catch let error as GenAIError where error.isWorthResuming {
                guard let delay = delays.popFirst() else { throw error }
                try await Task.sleep(for: delay)
                isInterrupted = true
            }
            if offset > furthest {
                furthest = offset
                delays = files.retryDelays[...]
            }
        }
    }

    /// Sends the next piece; the last one ends the upload, which gives the file.
    private mutating func sendPiece() async throws -> File? {
        let end = min(offset + pieceBytes, source.count)
        let isLast = end == source.count
        let reply = try await send(
            isLast ? "upload, finalize" : "upload",
            [("X-Goog-Upload-Offset", String(offset))],
            try source.read(offset..<end)
        )
        switch try status(of: reply) {
        case .final: return try file(in: reply)
        case .active where !isLast: offset = end
        case .active, nil: throw GenAIError.connectionLost("the upload was not taken to its end")
        }
        return nil
    }

    /// Asks how much has arrived; gives the file if nothing is missing.
    private mutating func findOffset() async throws -> File? {
        let reply = try await send("query", [], [])
        if try status(of: reply) == .final { return try file(in: reply) }
        guard let received = reply.head.header("x-goog-upload-size-received").flatMap({ Int($0) }) else { return nil }
        guard (0...source.count).contains(received) else {
            throw GenAIError.malformedResponse("the server has \(received) bytes of a file of \(source.count)")
        }
        offset = received
        return nil
    }

    private func send(_ command: String, _ headers: [(String, String)], _ body: [UInt8]) async throws -> Reply {
        var request = piece
        do {
            request.headers.append(try HTTPRequest.Header("X-Goog-Upload-Command", command))
            for (name, value) in headers {
                request.headers.append(try HTTPRequest.Header(name, value))
            }
        } catch {
            throw GenAIError(error)
        }
        request.body = body
        return try await files.client.send(request)
    }

    /// - Returns: `nil` if the answer does not say, which calls for another attempt.
    private func status(of reply: Reply) throws(GenAIError) -> Status? {
        guard let text = reply.head.header("x-goog-upload-status") else { return nil }
        guard let status = Status(rawValue: text.lowercased()) else {
            throw .malformedResponse("the server says that the upload is \(text); upload the file anew")
        }
        return status
    }

    private func file(in reply: Reply) throws(GenAIError) -> File {
        guard let file = reply.json["file"]?.object else {
            throw .malformedResponse(
                "the upload is complete, but the server does not name the file; look into the list"
            )
        }
        return File(json: file)
    }

    // MARK: Requests

    private static func startRequest(
        _ source: UploadSource,
        _ metadata: UploadMetadata,
        files: Files
    ) async throws -> HTTPRequest {
        try files.client.requireGeminiAPI(for: "files")
        var file: JSONObject = [
            "mimeType": .string(metadata.mimeType), "sizeBytes": .number(JSONNumber(source.count)),
        ]
        file["displayName"] = metadata.displayName.map(JSONValue.string)
        file["name"] = try metadata.name.map { .string(try Files.resource($0)) }
        let body = Array(JSONValue.object(["file": .object(file)]).text.utf8)
        var request = try await files.client.callRequest("POST", "files", body: body)
        // Uploads have the version in the middle of their path.
        let methodPath = "\(files.client.backend.version)/files"
        request.url = request.url.dropLast(methodPath.count) + "upload/" + methodPath
        do {
            request.headers += [
                try HTTPRequest.Header("X-Goog-Upload-Protocol", "resumable"),
                try HTTPRequest.Header("X-Goog-Upload-Command", "start"),
                try HTTPRequest.Header("X-Goog-Upload-Header-Content-Length", String(source.count)),
                try HTTPRequest.Header("X-Goog-Upload-Header-Content-Type", metadata.mimeType),
            ]
        } catch {
            throw GenAIError(error)
        }
        return request
    }

    private static func pieceRequest(
        _ start: HTTPRequest,
        address: String,
        userAgent: String
    ) throws(GenAIError) -> HTTPRequest {
        do {
            _ = try BaseURL(String(address.prefix { $0 != "?" }))
        } catch {
            throw .malformedResponse("the address for the upload is not one to send a file to: \(error)")
        }
        var request = start
        request.url = address
        do {
            request.headers = [
                try HTTPRequest.Header("Content-Type", "application/octet-stream"),
                try HTTPRequest.Header("User-Agent", userAgent),
            ]
        } catch {
            throw GenAIError(error)
        }
        return request
    }
}

extension GenAIError {
    /// Whether the server may have kept what came so far, and may take the rest.
    fileprivate var isWorthResuming: Bool {
        switch self {
        case .connectionLost, .timedOut, .unreachable: true
        case .api(let error): error.httpStatus == 408 || error.httpStatus == 429 || error.httpStatus >= 500
        case .tls, .interrupted, .emptyAnswer, .malformedResponse, .responseTooLarge, .invalidCall, .signIn: false
        }
    }
}
