/// The types of media that the API takes, by the extension of a name.
enum MIMEType {
    private static let byExtension = [
        "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "heic": "image/heic",
        "heif": "image/heif", "bmp": "image/bmp",
        "mp4": "video/mp4", "mpeg": "video/mpeg", "mpg": "video/mpg", "mov": "video/quicktime", "avi": "video/avi",
        "flv": "video/x-flv", "webm": "video/webm", "wmv": "video/wmv", "3gp": "video/3gpp",
        "wav": "audio/wav", "mp3": "audio/mp3", "aiff": "audio/aiff", "aac": "audio/aac", "ogg": "audio/ogg",
        "flac": "audio/flac", "m4a": "audio/m4a",
        "pdf": "application/pdf", "txt": "text/plain", "html": "text/html", "css": "text/css", "csv": "text/csv",
        "xml": "text/xml", "md": "text/markdown", "rtf": "text/rtf", "js": "text/javascript", "gif": "image/gif",
    ]

    /// The type that a path's extension stands for; the path has no query any more.
    static func guess(path: some StringProtocol) -> String? {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return nil }
        return byExtension[name[name.index(after: dot)...].lowercased()]
    }

    /// Whether a text has the form `type/subtype`, parameters allowed.
    static func isWellFormed(_ text: String) -> Bool {
        let parts =
            text.split(separator: ";")[0...].first?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        return parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }
            }
    }
}
