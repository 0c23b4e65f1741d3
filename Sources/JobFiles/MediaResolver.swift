internal import BatchCore
internal import Crypto

/// Turns addresses into references, and knows the hash of each local file it has seen in one pass.
final class MediaResolver {
    enum Mode {
        /// Local files must be there and be allowed; their bytes are not read.
        case check
        case hash
    }

    /// A job over many images reads each once; the hashes of the last ones are enough for rows that repeat them.
    private static let maximumCachedHashes = 10_000

    private let access: FileAccess
    private let mode: Mode
    private var hashes: [String: Medium] = [:]

    /// What a file holds.
    private struct Medium {
        var hash: String
        var size: Int
    }

    init(access: FileAccess, mode: Mode) {
        self.access = access
        self.mode = mode
    }

    /// What is sent for one image or other medium.
    ///
    /// - Parameters:
    ///   - text: The address, rendered.
    ///   - form: What the job says that it is.
    ///   - mimeType: The type given with it; guessed if `nil`.
    /// - Returns: The reference; without a hash in the mode ``Mode/check``.
    /// - Throws: A ``FileProblem`` that says why the address is not accepted.
    func reference(to text: String, as form: ImageSpec.Form, mimeType: String?) throws(FileProblem) -> MediaReference {
        let address: MediaAddress
        do throws(MediaAddress.Refusal) {
            address = form == .path && !text.isEmpty ? .file(text) : try MediaAddress(text)
        } catch {
            throw FileProblem(error.message)
        }
        if form == .uri, case .file = address {
            throw FileProblem("\"\(text)\" is not a URI; write {path: …} for a local file")
        }
        guard let type = mimeType ?? address.guessedType else {
            throw FileProblem("the type of \(text) cannot be told from its name; write {uri: …, mime_type: image/jpeg}")
        }
        guard MIMEType.isWellFormed(type) else {
            throw FileProblem("\"\(type)\" is not a MIME type such as image/jpeg")
        }
        guard type.lowercased() != "image/gif" else {
            throw FileProblem("the API does not take image/gif; convert \(text) to PNG or to a video")
        }
        switch address {
        case .uri(let uri, _, _): return MediaReference(.uri(uri), mimeType: type)
        case .file(let name):
            let (path, medium) = try local(name)
            return MediaReference(.file(path: path, sha256: medium.hash), mimeType: type, size: medium.size)
        }
    }

    private func local(_ name: String) throws(FileProblem) -> (path: String, medium: Medium) {
        let (file, path) = try access.open(name)
        guard let stamp = file.stamp, stamp.size <= FileAccess.maximumMediaBytes else {
            throw FileProblem(
                "\(name) is larger than 2 GB, the most that the API takes of one file; split it, or put it into "
                    + "Cloud Storage and give its gs:// address"
            )
        }
        guard stamp.size > 0 else { throw FileProblem("\(name) is empty") }
        guard mode == .hash else { return (path, Medium(hash: "", size: Int(stamp.size))) }
        if let medium = hashes[path] { return (path, medium) }
        let medium = Medium(hash: try Self.sha256(of: file), size: Int(stamp.size))
        try file.checkUnchanged(since: stamp)
        if hashes.count >= Self.maximumCachedHashes {
            hashes.removeAll(keepingCapacity: true)
        }
        hashes[path] = medium
        return (path, medium)
    }

    private static func sha256(of file: InputFile) throws(FileProblem) -> String {
        var hasher = SHA256()
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try file.read(into: &piece)
            guard count > 0 else { break }
            piece.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        return ItemFingerprint.hexadecimal(hasher.finalize())
    }
}
