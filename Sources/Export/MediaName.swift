internal import BatchCore
internal import Crypto

/// Names for the media of answers.
enum MediaName {
    private static let longestKey = 60

    private static let extensions = [
        "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", "image/heic": "heic",
        "image/heif": "heif", "image/bmp": "bmp", "image/svg+xml": "svg",
        "audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/ogg": "ogg",
        "audio/flac": "flac", "audio/aac": "aac", "audio/aiff": "aiff", "audio/l16": "pcm", "audio/pcm": "pcm",
        "video/mp4": "mp4", "video/webm": "webm", "video/quicktime": "mov",
        "application/pdf": "pdf", "application/json": "json", "text/plain": "txt", "text/csv": "csv",
        "text/html": "html", "text/markdown": "md",
    ]

    /// A name that is safe in every file system and has never stood for other bytes of another item.
    ///
    /// What can be read of the key comes first, in lower case and without what means something to a shell, a path or
    /// Windows; then a hash of the whole key and the bytes.
    static func make(key: String, bytes: [UInt8], mimeType: String) -> String {
        var hash = SHA256()
        hash.update(data: Array(key.utf8))
        // No key goes on with a zero byte and these bytes: keys are UTF-8, and the length makes the border plain.
        hash.update(data: [0] + Array(String(bytes.count).utf8) + [0])
        hash.update(data: bytes)
        let digest = ItemFingerprint.hexadecimal(hash.finalize().prefix(16))
        return "\(readable(key))-\(digest).\(fileExtension(of: mimeType))"
    }

    private static func readable(_ key: String) -> String {
        let characters = key.lowercased().unicodeScalars.prefix(longestKey).map { scalar in
            switch scalar {
            case "a"..."z", "0"..."9", "-": Character(scalar)
            default: "_" as Character
            }
        }
        let name = String(characters.drop { $0 == "-" })
        return name.isEmpty ? "item" : name
    }

    private static func fileExtension(of mimeType: String) -> String {
        let type = mimeType.split(separator: ";").first ?? ""
        return extensions[type.lowercased().trimmed] ?? "bin"
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
