internal import JSON

/// What the address of a medium tells by itself.
enum MediaAddress {
    private static let typesByExtension = [
        "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "heic": "image/heic",
        "heif": "image/heif", "bmp": "image/bmp", "gif": "image/gif",
        "mp4": "video/mp4", "mpeg": "video/mpeg", "mpg": "video/mpg", "mov": "video/quicktime", "avi": "video/avi",
        "flv": "video/x-flv", "webm": "video/webm", "wmv": "video/wmv", "3gp": "video/3gpp",
        "wav": "audio/wav", "mp3": "audio/mp3", "aiff": "audio/aiff", "aac": "audio/aac", "ogg": "audio/ogg",
        "flac": "audio/flac", "m4a": "audio/m4a",
        "pdf": "application/pdf", "txt": "text/plain", "html": "text/html", "css": "text/css", "csv": "text/csv",
        "xml": "text/xml", "md": "text/markdown", "rtf": "text/rtf", "js": "text/javascript",
    ]

    /// The type that the extension of the path stands for.
    static func mimeType(_ uri: String) -> String? {
        var path = uri[...]
        if hasScheme("http", uri) || hasScheme("https", uri) {
            // In Cloud Storage both are characters of names.
            path = path.prefix { $0 != "?" && $0 != "#" }
        }
        // Scheme, nothing, host: a host is no name of a file.
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3)
        guard let name = segments.last, let dot = name.lastIndex(of: ".") else { return nil }
        return typesByExtension[name[name.index(after: dot)...].lowercased()]
    }

    /// Whether an address has a scheme, in any case.
    static func hasScheme(_ scheme: String, _ uri: String) -> Bool {
        uri.prefix(scheme.utf8.count + 1).lowercased() == scheme + ":"
    }

    /// What a `data:` address holds, and the type that it names (RFC 2397).
    ///
    /// - Returns: The bytes and their type; `nil` if the address is none, or broken.
    static func data(_ uri: String) -> (bytes: [UInt8], mimeType: String)? {
        guard hasScheme("data", uri), let comma = uri.firstIndex(of: ",") else { return nil }
        let words = uri[..<comma].dropFirst(5).split(separator: ";", omittingEmptySubsequences: false)
        guard let bytes = percentDecoded(uri[uri.index(after: comma)...]) else { return nil }
        let type = words.first.flatMap { $0.isEmpty ? nil : String($0) } ?? "text/plain"
        guard words.last?.lowercased() == "base64" else { return (bytes, type) }
        return Base64.decode(String(decoding: bytes, as: UTF8.self)).map { ($0, type) }
    }

    private static func percentDecoded(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        bytes.reserveCapacity(rest.count)
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, !digits.hasPrefix("+"), let value = UInt8(digits, radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
