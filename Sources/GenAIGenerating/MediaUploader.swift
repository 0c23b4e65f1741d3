internal import BatchCore
internal import GenAI

/// Brings files to the server and asks after them, with failures in the words of the batch.
///
/// Files are read where these calls run, which is on no actor.
struct MediaUploader: Sendable {
    /// How long the server keeps a file unless it says something else.
    private static let usualLifetime: Int64 = 48 * 3600 * 1000
    private static let longestName = 512

    private let client: Client
    private let clock: any RunClock
    private let pollInterval: Duration
    private let account: String

    init(client: Client, clock: any RunClock, pollInterval: Duration) {
        self.client = client
        self.clock = clock
        self.pollInterval = pollInterval
        account = client.accountDigest
    }

    func key(of medium: LocalMedium) -> MediaUpload.Key {
        MediaUpload.Key(sha256: medium.sha256, mimeType: medium.mimeType, account: account)
    }

    /// Uploads a file piece by piece.
    ///
    /// - Returns: The upload, and the file that it made, which the server may still have to process.
    /// - Throws: ``GenerationError``, or `CancellationError`.
    @concurrent
    func upload(_ medium: LocalMedium) async throws -> (MediaUpload, File) {
        try MediaFile.check(medium.path, sha256: medium.sha256)
        let now = clock.unixMilliseconds()
        let file: File
        do {
            file = try await client.files.upload(
                path: medium.path,
                mimeType: medium.mimeType,
                displayName: medium.path.split(separator: "/").last.map { String($0.prefix(Self.longestName)) }
            )
        } catch let error as GenAIError {
            throw FailureMapping.error(uploading: medium.path, error)
        }
        // Somebody may have written to it between the two readings.
        guard file.sha256 == nil || file.sha256 == medium.sha256 else { throw MediaFile.hasChanged(medium.path) }
        let upload = MediaUpload(
            key: key(of: medium),
            name: file.name,
            uri: file.uri,
            size: try MediaFile.size(medium.path),
            expiresAtMilliseconds: now + Self.lifetime(of: file, now: now)
        )
        return (upload, file)
    }

    /// Waits until prompts may refer to a file.
    ///
    /// - Throws: `FileProcessingError` if they never may; ``GenerationError``, or `CancellationError`.
    @concurrent
    func waitUntilReady(_ file: File, of medium: LocalMedium) async throws {
        do {
            _ = try await client.files.waitUntilActive(file, interval: pollInterval)
        } catch let error as GenAIError {
            throw FailureMapping.error(awaiting: medium.path, error)
        }
    }

    /// Whether prompts may refer to an upload of earlier, once it is processed.
    ///
    /// - Throws: ``GenerationError`` if the server does not tell, or `CancellationError`.
    @concurrent
    func isReady(_ upload: MediaUpload, of medium: LocalMedium) async throws -> Bool {
        do {
            let file = try await client.files.get(name: upload.name)
            _ = try await client.files.waitUntilActive(file, interval: pollInterval)
            return true
        } catch is FileProcessingError {
            return false
        } catch GenAIError.api(let error) where error.httpStatus == 403 || error.httpStatus == 404 {
            // Unknown, expired and foreign files are not told apart.
            return false
        } catch let error as GenAIError {
            throw FailureMapping.error(awaiting: medium.path, error)
        }
    }

    /// How long the server keeps a file, by its own clock where it tells.
    private static func lifetime(of file: File, now: Int64) -> Int64 {
        guard let end = file.expirationTime.flatMap(Timestamp.unixMilliseconds(rfc3339:)) else { return usualLifetime }
        return end - (file.createTime.flatMap(Timestamp.unixMilliseconds(rfc3339:)) ?? now)
    }
}
