package import BatchCore
internal import Synchronization

/// A list of uploads that outlives the runs of a test.
package final class InMemoryUploadRegister: UploadRegister {
    /// What the register says when a test told it to fail.
    package struct Failure: Error {}

    private let uploads = Mutex<[MediaUpload.Key: MediaUpload]>([:])
    private let isFailing: Bool

    /// - Parameter isFailing: Whether every call throws ``Failure``.
    package init(isFailing: Bool = false) {
        self.isFailing = isFailing
    }

    package func upload(for key: MediaUpload.Key) async throws -> MediaUpload? {
        if isFailing { throw Failure() }
        return uploads.withLock { $0[key] }
    }

    package func keep(_ upload: MediaUpload) async throws {
        if isFailing { throw Failure() }
        uploads.withLock { $0[upload.key] = upload }
    }

    package var all: [MediaUpload] { uploads.withLock { Array($0.values) } }
}
