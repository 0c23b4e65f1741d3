internal import Crypto
internal import JSON

/// The SHA-256 of an item's canonical request: equal fingerprints mean the same question to the same model.
package struct ItemFingerprint: Sendable, Hashable {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(of request: ItemRequest) {
        bytes = Array(SHA256.hash(data: Self.canonicalJSON(of: request)))
    }

    /// What goes into the hash: everything that affects the answer and nothing else.
    ///
    /// Local media count by their bytes, so that a renamed file re-runs nothing; remote media by their URI.
    package static func canonicalJSON(of request: ItemRequest) -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
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
        return writer.bytes
    }

    /// The default key of an item: a hash of what is asked, whatever the model and its settings.
    package static func contentKey(of request: ItemRequest) -> String {
        var writer = JSONWriter(reserving: 256)
        writeContent(of: request, to: &writer)
        return hexadecimal(SHA256.hash(data: writer.bytes).prefix(6))
    }

    /// Lower-case hexadecimal digits of bytes.
    package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
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
