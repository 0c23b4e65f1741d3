internal import Curl
internal import JSON

/// Files that prompts refer to instead of carrying their bytes along.
///
/// The server keeps a file for 48 hours, visible to all keys of the project, at most 2 GB each.
///
/// ```swift
/// let video = try await client.files.upload(path: "harbour.mp4", mimeType: "video/mp4")
/// let ready = try await client.files.waitUntilActive(video)
/// let prompt = Content(parts: [.file(ready), .text("Describe this video.")])
/// ```
public struct Files: Sendable {
    let client: Client
    /// The most bytes that travel, and are in memory, at once.
    var pieceBytes = 8 << 20
    /// Before each attempt to go on with an upload that broke off and has come no further since.
    var retryDelays: [Duration] = [.seconds(1), .seconds(2), .seconds(4)]

    init(client: Client) {
        self.client = client
    }

    /// Uploads bytes.
    ///
    /// An upload that breaks off goes on where the server says it was.
    ///
    /// - Parameters:
    ///   - bytes: The content of the file.
    ///   - mimeType: What they are, for example `image/png`.
    ///   - displayName: A name for people, at most 512 characters.
    ///   - name: The resource name, `files/` and at most 40 lower case letters, digits and dashes; `nil` lets the
    ///     server choose.
    /// - Returns: The file, which may still be ``File/State/processing``.
    /// - Throws: ``GenAIError``, or `CancellationError`.
    public func upload(
        _ bytes: [UInt8],
        mimeType: String,
        displayName: String? = nil,
        name: String? = nil
    ) async throws -> File {
        try await upload(
            UploadSource(bytes),
            UploadMetadata(mimeType: mimeType, displayName: displayName, name: name)
        )
    }

    /// Uploads a file of this machine, of which only a few megabytes are in memory at a time.
    ///
    /// An upload that breaks off goes on where the server says it was.
    ///
    /// - Parameters:
    ///   - path: Where the file is; it must not change meanwhile.
    ///   - mimeType: What it holds, for example `video/mp4`.
    ///   - displayName: A name for people, at most 512 characters.
    ///   - name: The resource name, `files/` and at most 40 lower case letters, digits and dashes; `nil` lets the
    ///     server choose.
    /// - Returns: The file, which may still be ``File/State/processing``.
    /// - Throws: ``GenAIError``, which is ``GenAIError/invalidCall(_:)`` if the file cannot be read; or
    ///   `CancellationError`.
    public func upload(
        path: String,
        mimeType: String,
        displayName: String? = nil,
        name: String? = nil
    ) async throws -> File {
        try await upload(
            UploadSource(path: path),
            UploadMetadata(mimeType: mimeType, displayName: displayName, name: name)
        )
    }

    /// Asks how a file stands.
    ///
    /// - Parameter name: ``File/name``; without `files/` it will do as well.
    /// - Returns: The file.
    /// - Throws: ``GenAIError``, whose HTTP status is 403 or 404 for a file that is unknown or has expired; or
    ///   `CancellationError`.
    public func get(name: String) async throws -> File {
        try client.requireGeminiAPI(for: "files")
        return File(json: try await client.call("GET", try Self.resource(name)))
    }

    /// The files of the project.
    ///
    /// - Parameter pageSize: How many to fetch with one request; `nil` leaves it to the server.
    /// - Returns: The files; the sequence throws ``GenAIError`` if a page cannot be fetched.
    public func list(pageSize: Int? = nil) -> PagedList<File> {
        PagedList(
            client: client,
            path: "files",
            member: "files",
            pageSize: pageSize,
            isGeminiAPIOnly: true,
            element: File.init(json:)
        )
    }

    /// Deletes a file before its 48 hours are over.
    ///
    /// - Parameter name: ``File/name``; without `files/` it will do as well.
    /// - Throws: ``GenAIError``, or `CancellationError`.
    public func delete(name: String) async throws {
        try client.requireGeminiAPI(for: "files")
        _ = try await client.call("DELETE", try Self.resource(name))
    }

    /// Waits until prompts may refer to a file.
    ///
    /// Videos take seconds to minutes; a prompt that comes too early is refused with `FAILED_PRECONDITION`.
    ///
    /// - Parameters:
    ///   - file: What an upload returned; nothing is asked if it is active already.
    ///   - interval: Between the first two questions; it doubles from one to the next up to 5 seconds, or stays as
    ///     it is if it is longer.
    ///   - limit: The longest to wait.
    /// - Returns: The file in its ``File/State/active`` state.
    /// - Throws: ``FileProcessingError`` if the server cannot process it, ``GenAIError/timedOut(_:_:)`` if it takes
    ///   too long, any other ``GenAIError``, or `CancellationError`.
    public func waitUntilActive(
        _ file: File,
        interval: Duration = .seconds(1),
        limit: Duration = .seconds(600)
    ) async throws -> File {
        let start = monotonicNow()
        var file = file
        var interval = interval
        while file.state != .active {
            guard file.state != .failed else { throw FileProcessingError(file: file) }
            guard monotonicNow() - start < limit else {
                let state = file.state?.rawValue ?? "not active"
                throw GenAIError.timedOut(.total, "\(file.name) is still \(state) after \(limit); wait longer")
            }
            try await Task.sleep(for: interval)
            interval = max(interval, min(interval * 2, .seconds(5)))
            file = try await get(name: file.name)
        }
        return file
    }

    private func upload(_ source: UploadSource, _ metadata: UploadMetadata) async throws -> File {
        var upload = try await FileUpload(source, metadata, files: self)
        return try await upload.run()
    }

    /// A file's name as a path.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the name could lead to another path.
    static func resource(_ name: String) throws(GenAIError) -> String {
        let identifier = name.hasPrefix("files/") ? name.dropFirst("files/".count) : name[...]
        let isName = identifier.utf8.allSatisfy { byte in
            byte >= 0x61 && byte <= 0x7A || byte >= 0x41 && byte <= 0x5A || byte >= 0x30 && byte <= 0x39
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        guard isName, !identifier.isEmpty else {
            throw .invalidCall("\"\(name)\" is not the name of a file, which is files/ and letters, digits and dashes")
        }
        return "files/\(identifier)"
    }
}

extension Client {
    /// Files for prompts to refer to.
    public var files: Files { Files(client: self) }
}
