public import JSON

/// A file that the Files API keeps for 48 hours.
///
/// A prompt refers to it through ``Part/file(_:)``, once it is ``State/active``.
public struct File: Sendable, Hashable {
    /// The description as on the wire; what this library has no name for is here.
    public let json: JSONObject

    /// Wraps a description as it came over the wire.
    public init(json: JSONObject) {
        self.json = json
    }

    /// The resource name, for example `files/abc-123`: what ``Files`` takes.
    public var name: String { json["name"]?.string ?? "" }

    /// The address that prompts refer to; not the same as ``name``.
    public var uri: String { json["uri"]?.string ?? "" }

    /// The type that was given with the upload, for example `video/mp4`.
    public var mimeType: String? { json["mimeType"]?.string }

    /// Where the bytes can be fetched; generated files only.
    public var downloadURI: String? { json["downloadUri"]?.string }

    /// How the file came to be.
    public var source: Source? { json["source"]?.string.map(Source.init(rawValue:)) }

    /// A name for people, at most 512 characters.
    public var displayName: String? { json["displayName"]?.string }

    /// The size in bytes.
    public var sizeBytes: Int? { json["sizeBytes"]?.int64.map { Int(clamping: $0) } }

    /// Whether prompts may refer to the file yet.
    public var state: State? { json["state"]?.string.map(State.init(rawValue:)) }

    /// The SHA-256 of the bytes that arrived, in hexadecimal.
    ///
    /// On the wire it is the base64 of this text.
    public var sha256: String? {
        guard let digits = json["sha256Hash"]?.string.flatMap(Base64.decode), digits.count == 64 else { return nil }
        return String(decoding: digits, as: UTF8.self).lowercased()
    }

    /// When the upload was complete, as RFC 3339 writes it.
    public var createTime: String? { json["createTime"]?.string }

    /// When the file last changed, as RFC 3339 writes it.
    public var updateTime: String? { json["updateTime"]?.string }

    /// When the server will delete the file, as RFC 3339 writes it.
    public var expirationTime: String? { json["expirationTime"]?.string }

    /// Why the file could not be processed, in the server's words.
    public var errorMessage: String? { json["error"]?["message"]?.string }

    /// How a file came to be.
    public struct Source: OpenEnum {
        /// The word as on the wire.
        public let rawValue: String

        /// Takes any word, also one that is newer than this library.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Uploaded by somebody with a key of the project.
        public static let uploaded = Source(rawValue: "UPLOADED")
        /// Made by a model, or by a batch.
        public static let generated = Source(rawValue: "GENERATED")
        /// An object in Cloud Storage that was made known to the Files API.
        public static let registered = Source(rawValue: "REGISTERED")
    }

    /// How far the server is with a file.
    public struct State: OpenEnum {
        /// The word as on the wire.
        public let rawValue: String

        /// Takes any word, also one that is newer than this library.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Not ready yet; videos take seconds to minutes.
        public static let processing = State(rawValue: "PROCESSING")
        /// Ready for prompts.
        public static let active = State(rawValue: "ACTIVE")
        /// The file could not be processed, and never will be.
        public static let failed = State(rawValue: "FAILED")
    }
}

extension Part {
    /// An uploaded file.
    ///
    /// - Parameter file: What ``Files`` returned; it must be ``File/State/active`` when the prompt is sent.
    /// - Returns: A part with the file's address and type.
    public static func file(_ file: File) -> Part {
        .uri(file.uri, mimeType: file.mimeType)
    }
}

/// The server could not process an uploaded file; uploading the same bytes again does not help.
public struct FileProcessingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file in its ``File/State/failed`` state.
    public let file: File

    /// The file's name and the server's reason.
    public var description: String {
        "the server could not process \(file.name): \(file.errorMessage ?? "it gives no reason")"
    }
}
