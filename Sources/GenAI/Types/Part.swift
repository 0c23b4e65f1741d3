public import JSON

/// A piece of a message: text, media, a function call and so on, with all members the server knows.
///
/// A part that came from the server goes back unchanged, whatever it holds: thought signatures have to.
public struct Part: JSONBacked {
    /// The members as on the wire, in lowerCamelCase.
    ///
    /// Bytes given to ``data(_:mimeType:)`` are not among them.
    public var json: JSONObject
    /// Bytes to send inline; they are encoded only while the request is written.
    public private(set) var inlineBytes: [UInt8]?
    private var inlineMIMEType: String?

    /// A part from members of the wire format, for what this library has no name for.
    public init(json: JSONObject) {
        self.json = json
    }

    /// Text.
    public static func text(_ text: String) -> Part {
        Part(json: ["text": .string(text)])
    }

    /// Media that the server fetches itself, or that a `data:` address holds.
    ///
    /// A call with plain `http://`, from which no server fetches, or with a broken `data:` address fails with
    /// ``GenAIError/invalidCall(_:)`` before anything is sent.
    ///
    /// - Parameters:
    ///   - uri: `gs://…`, a public `https://…`, the `uri` of an uploaded file, or `data:…`.
    ///   - mimeType: For example `image/jpeg`; `nil` takes what the extension of the path stands for, if anything.
    ///     Required for `gs://` objects whose names tell nothing.
    /// - Returns: A part with `fileData`; with `inlineData` for `data:`.
    public static func uri(_ uri: String, mimeType: String? = nil) -> Part {
        if let data = MediaAddress.data(uri) {
            return .data(data.bytes, mimeType: mimeType ?? data.mimeType)
        }
        var file: JSONObject = ["fileUri": .string(uri)]
        file[text: "mimeType"] = mimeType ?? MediaAddress.mimeType(uri)
        return Part(json: ["fileData": .object(file)])
    }

    /// Media sent with the request, in base64; at most 100 MB for the whole request.
    public static func data(_ bytes: [UInt8], mimeType: String) -> Part {
        var part = Part(json: [:])
        part.inlineBytes = bytes
        part.inlineMIMEType = mimeType
        return part
    }

    /// The text, if this is a text part.
    public var text: String? { json[text: "text"] }

    /// Whether the text is a summary of the model's thinking and not part of the answer.
    public var isThought: Bool { json[flag: "thought"] ?? false }

    /// Media that came, or are sent, with the message itself.
    ///
    /// The bytes are decoded each time this is read. What is no base64 reads as `nil` and is still in ``json``.
    public var inlineData: Blob? {
        if let inlineBytes {
            return Blob(mimeType: inlineMIMEType, data: inlineBytes)
        }
        guard let inline = json[object: "inlineData"], let data = Base64.decode(inline[text: "data"] ?? "") else {
            return nil
        }
        return Blob(mimeType: inline[text: "mimeType"], data: data)
    }

    /// Media that the server fetches.
    public var fileData: FileData? { json[view: "fileData"] }

    /// All members, with the bytes in base64.
    var encodedJSON: JSONObject {
        guard let inlineBytes, let inlineMIMEType else { return json }
        let data = String(decoding: Base64.encode(inlineBytes), as: UTF8.self)
        let inline: JSONObject = ["inlineData": ["mimeType": .string(inlineMIMEType), "data": .string(data)]]
        return inline.merging(json)
    }

    func write(to writer: inout JSONWriter) {
        guard let inlineBytes, let inlineMIMEType else {
            writer.write(.object(json))
            return
        }
        writer.object { writer in
            writer.key("inlineData")
            writer.object { writer in
                writer.member("mimeType", inlineMIMEType)
                writer.key("data")
                writer.unescapedString(Base64.encode(inlineBytes))
            }
            for member in json {
                writer.key(named: member.name)
                writer.write(member.value)
            }
        }
    }
}

/// Bytes and what they are.
public struct Blob: Sendable, Hashable {
    /// For example `image/png`.
    public let mimeType: String?
    /// The bytes, decoded.
    public let data: [UInt8]
}

/// A place from which the server fetches media.
public struct FileData: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// `gs://…`, `https://…`, or the `uri` of an uploaded file.
    public var uri: String? { json[text: "fileUri"] }
    /// For example `image/jpeg`.
    public var mimeType: String? { json[text: "mimeType"] }
}
