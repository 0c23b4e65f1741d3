internal import Crypto
package import JSON

/// The SHA-256 of an item's canonical request: equal fingerprints mean the same question to the same model.
package struct ItemFingerprint: Sendable, Hashable {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(of request: ItemRequest) {
        var writer = JSONWriter(reserving: 1024)
        self.init(of: request, using: &writer)
    }

    /// - Parameters:
    ///   - request: What to take the hash of.
    ///   - writer: What was written with it is gone; its memory is used for one request after another.
    package init(of request: ItemRequest, using writer: inout JSONWriter) {
        writer.removeAll()
        Self.writeCanonicalJSON(of: request, to: &writer)
        bytes = SHA256.hash(data: writer.bytes).withUnsafeBytes { Array($0) }
    }

    /// What goes into the hash: everything that affects the answer and nothing else.
    ///
    /// Local media count by their bytes, so that a renamed file re-runs nothing; remote media by their URI.
    package static func canonicalJSON(of request: ItemRequest) -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writeCanonicalJSON(of: request, to: &writer)
        return writer.bytes
    }

    private static func writeCanonicalJSON(of request: ItemRequest, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("config")
            writer.write(.object(request.config), sortingNames: true)
            writer.member("model", request.model)
            if let systemInstruction = request.systemInstruction {
                writer.member("system_instruction", systemInstruction)
            }
            writer.key("turns")
            writeContent(of: request, to: &writer)
        }
    }

    /// The default key of an item: a hash of what is asked, whatever the model and its settings.
    package static func contentKey(of request: ItemRequest) -> String {
        var writer = JSONWriter(reserving: 256)
        writeContent(of: request, to: &writer)
        return SHA256.hash(data: writer.bytes).withUnsafeBytes { hexadecimal($0.prefix(6)) }
    }

    /// Lower-case hexadecimal digits of bytes.
    package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        func digit(_ value: UInt8) -> UInt8 { value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10) }
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func writeContent(of request: ItemRequest, to writer: inout JSONWriter) {
        writer.array { writer in
            for turn in request.turns {
                writer.object { writer in
                    if !turn.media.isEmpty {
                        writer.key("media")
                        writer.array { writer in
                            for reference in turn.media {
                                writeMedia(reference, to: &writer)
                            }
                        }
                    }
                    writer.member("text", turn.text)
                }
            }
        }
    }

    private static func writeMedia(_ reference: MediaReference, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("mime_type", reference.mimeType)
            switch reference.location {
            case .uri(let uri): writer.member("uri", uri)
            case .file(_, let sha256): writer.member("sha256", sha256)
            }
        }
    }
}
