package import BatchCore
package import GenAI

/// The media of a run that are too large to travel with their requests: uploaded once, however many items need them.
///
/// What an earlier run has uploaded is asked after once, and used as long as the server has it.
package actor MediaUploads {
    /// Each holds a piece of its file in memory, and more would share the same line.
    private static let parallelUploads = 4
    /// A file that is about to expire might be gone before its request is read.
    private static let expiryMargin: Int64 = 3600 * 1000
    /// Beyond these the register is asked again.
    private static let longestMemory = 10_000

    private let uploader: MediaUploader
    private let register: any UploadRegister
    private let clock: any RunClock
    private let slots = UploadSlots(parallelUploads)
    /// What this run knows to be ready, or to be of no use.
    private var known: [MediaUpload.Key: Result<MediaUpload, GenerationError>] = [:]
    private var underway: [MediaUpload.Key: SharedTask<MediaUpload>] = [:]

    /// - Parameters:
    ///   - client: Of the Gemini API.
    ///   - register: Where it is kept what has been uploaded.
    ///   - clock: Tells when uploads expire.
    ///   - pollInterval: Between the first two questions whether a file is ready.
    package init(
        client: Client,
        register: any UploadRegister,
        clock: any RunClock,
        pollInterval: Duration = .seconds(1)
    ) {
        uploader = MediaUploader(client: client, clock: clock, pollInterval: pollInterval)
        self.register = register
        self.clock = clock
    }

    /// What requests may refer to instead of carrying files.
    ///
    /// - Parameter media: The files.
    /// - Returns: For each an upload that the server has and that does not expire soon.
    /// - Throws: ``GenerationError``, or `CancellationError`; an upload goes on while another task waits for it.
    func uploads(of media: [LocalMedium]) async throws -> [LocalMedium: MediaUpload] {
        var uploads: [LocalMedium: MediaUpload] = [:]
        for medium in media {
            uploads[medium] = try await upload(of: medium)
        }
        return uploads
    }

    /// Trusts uploads no more that a server has refused: it is asked what became of them before their next use.
    func doubt(_ uploads: some Collection<MediaUpload>) {
        for upload in uploads where (try? known[upload.key]?.get()) == upload {
            known[upload.key] = nil
        }
    }

    private func upload(of medium: LocalMedium) async throws -> MediaUpload {
        let key = uploader.key(of: medium)
        while true {
            switch known[key] {
            case .success(let upload) where isFresh(upload): return upload
            case .failure(let error): throw error
            case .success, nil: break
            }
            let task = underway[key] ?? start(medium, key)
            do {
                return try await task.value
            } catch is CancellationError where !Task.isCancelled {
                // Those who waited for it before have left, and it ended with them.
            }
        }
    }

    private func isFresh(_ upload: MediaUpload) -> Bool {
        upload.expiresAtMilliseconds - Self.expiryMargin > clock.unixMilliseconds()
    }

    private func start(_ medium: LocalMedium, _ key: MediaUpload.Key) -> SharedTask<MediaUpload> {
        let task = SharedTask { [self] in try await obtain(medium, key) }
        underway[key] = task
        return task
    }

    private func obtain(_ medium: LocalMedium, _ key: MediaUpload.Key) async throws -> MediaUpload {
        defer { underway[key] = nil }
        // A register that cannot be used costs an upload at worst, and the run hears of it with the next outcome.
        if let kept = try? await register.upload(for: key), isFresh(kept), try await uploader.isReady(kept, of: medium)
        {
            remember(.success(kept), for: key)
            return kept
        }
        let (upload, file) = try await slots.withSlot { try await uploader.upload(medium) }
        // Before it is ready, so that a run that is killed meanwhile does not have to begin anew.
        try? await register.keep(upload)
        do {
            try await uploader.waitUntilReady(file, of: medium)
        } catch let error as FileProcessingError {
            let failure = FailureMapping.error(processing: medium.path, error)
            remember(.failure(failure), for: key)
            throw failure
        }
        remember(.success(upload), for: key)
        return upload
    }

    private func remember(_ result: Result<MediaUpload, GenerationError>, for key: MediaUpload.Key) {
        if known.count >= Self.longestMemory {
            known.removeAll(keepingCapacity: true)
        }
        known[key] = result
    }
}
