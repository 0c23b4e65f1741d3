internal import BatchCore

/// A file of a prompt.
struct LocalMedium: Sendable, Hashable {
    /// Absolute, links resolved.
    let path: String
    /// Of the bytes that the item's fingerprint covers, in hexadecimal.
    let sha256: String
    let mimeType: String

    /// - Returns: `nil` for what the server fetches itself.
    init?(_ reference: MediaReference) {
        guard case .file(let path, let sha256) = reference.location else { return nil }
        self.path = path
        self.sha256 = sha256
        mimeType = reference.mimeType
    }
}

/// Which files of a request travel with it, and which are uploaded before.
enum MediaPlan {
    /// The Gemini API takes requests of 100 MB by now, but 20 MiB is what all of its documentation and every model agree
    /// on (https://ai.google.dev/gemini-api/docs/files); a quarter of that is base64's, and the prompt needs room too.
    static let inlineLimit = 15_000_000
    /// 100 MB in base64.
    static let vertexLimit = 75_000_000

    /// The files to upload: the largest ones, until the others fit into the request.
    ///
    /// - Parameter media: All files of the request, each as often as it occurs.
    /// - Returns: The files, each once.
    /// - Throws: ``GenerationError`` of class `media` if a file cannot be looked at.
    static func uploads(of media: [LocalMedium]) throws(GenerationError) -> [LocalMedium] {
        var files = try sizes(of: media)
        var total = files.reduce(0) { $0 + $1.size }
        files.sort { ($0.size, $0.medium.path) > ($1.size, $1.medium.path) }
        var uploads: [LocalMedium] = []
        for file in files where total > inlineLimit {
            uploads.append(file.medium)
            total -= file.size
        }
        return uploads
    }

    /// Makes sure that files fit into one request where nothing can be uploaded.
    ///
    /// - Throws: ``GenerationError`` of class `media` that says where to put them instead.
    static func checkFit(_ media: [LocalMedium]) throws(GenerationError) {
        let files = try sizes(of: media)
        guard files.reduce(0, { $0 + $1.size }) > vertexLimit, let largest = files.max(by: { $0.size < $1.size }) else {
            return
        }
        throw GenerationError(
            .media,
            "the files of one request to Vertex AI may have \(vertexLimit / 1_000_000) MB in all, and it takes no uploads; "
                + "put \(largest.medium.path) into Cloud Storage and name it by its gs:// address"
        )
    }

    /// How many bytes each file adds to the request.
    private static func sizes(
        of media: [LocalMedium]
    ) throws(GenerationError) -> [(medium: LocalMedium, size: Int)] {
        var occurrences: [LocalMedium: Int] = [:]
        for medium in media {
            occurrences[medium, default: 0] += 1
        }
        return try occurrences.map { medium, count throws(GenerationError) in
            (medium, try MediaFile.size(medium.path) * count)
        }
    }
}
