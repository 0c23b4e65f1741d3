import Crypto
import JSON

/// The uploads under way and the files they became; of their bytes only number and hash are kept.
struct FileStore {
    /// What is known of a file before its first byte.
    struct Announcement {
        var version: String
        /// Without `files/`; `nil` to choose one.
        var name: String?
        var displayName: String?
        var mimeType: String
        var size: Int
    }

    /// An upload under way, or ended.
    struct Upload {
        let announcement: Announcement
        fileprivate(set) var received = 0
        /// The requests that brought bytes.
        fileprivate(set) var pieces = 0
        /// The name of the file, once it is complete.
        fileprivate(set) var file: String?
        fileprivate var hash = SHA256()
    }

    private struct StoredFile {
        var description: JSONObject
        /// Questions that are still answered with `PROCESSING`.
        var polls: Int
        var fails: Bool

        var state: String { polls > 0 ? "PROCESSING" : fails ? "FAILED" : "ACTIVE" }

        var value: JSONValue {
            var members = description
            members["state"] = .string(state)
            if state == "FAILED" {
                members["error"] = ["code": 3, "message": "The file could not be processed."]
            }
            return .object(members)
        }
    }

    private var uploads: [String: Upload] = [:]
    private var files: [String: StoredFile] = [:]
    /// The names in the order in which the files came.
    private var names: [String] = []

    /// Begins an upload.
    ///
    /// - Returns: What names it from now on.
    mutating func start(_ announcement: Announcement) throws(APIError) -> String {
        if let name = announcement.name {
            let taken = files[name] != nil || uploads.values.contains { $0.announcement.name == name }
            guard !taken else {
                throw APIError(status: 409, name: "ALREADY_EXISTS", message: "The file files/\(name) already exists.")
            }
        }
        let id = Self.identifier("upload", uploads.count)
        uploads[id] = Upload(announcement: announcement)
        return id
    }

    subscript(upload id: String) -> Upload? { uploads[id] }

    /// Adds bytes to an upload.
    mutating func append(_ bytes: some Sequence<UInt8>, to id: String) {
        let bytes = Array(bytes)
        uploads[id]?.pieces += 1
        uploads[id]?.received += bytes.count
        uploads[id]?.hash.update(data: bytes)
    }

    /// Makes a file of an upload whose bytes are all there.
    mutating func finish(_ id: String, polls: Int, fails: Bool) {
        guard let upload = uploads[id], upload.file == nil else { return }
        let announcement = upload.announcement
        let name = announcement.name ?? Self.identifier("file", names.count)
        let hexadecimal = upload.hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let now = SystemCalls.timestamp()
        var description: JSONObject = ["name": .string("files/\(name)")]
        description["displayName"] = announcement.displayName.map(JSONValue.string)
        description["mimeType"] = .string(announcement.mimeType)
        // 64-bit integers are strings on the wire.
        description["sizeBytes"] = .string(String(upload.received))
        description["createTime"] = .string(now)
        description["updateTime"] = .string(now)
        description["expirationTime"] = .string(SystemCalls.timestamp(hoursFromNow: 48))
        // The hash is the base64 of its hexadecimal text, as the servers have it.
        description["sha256Hash"] = .string(Base64Text.encode(Array(hexadecimal.utf8)))
        description["uri"] = .string("\(Self.address)\(announcement.version)/files/\(name)")
        description["source"] = "UPLOADED"
        files[name] = StoredFile(description: description, polls: polls, fails: fails)
        names.append(name)
        uploads[id]?.file = name
    }

    /// A file as it stands.
    func file(_ name: String) -> JSONValue? {
        files[name]?.value
    }

    /// Answers a question about a file, which brings it closer to being ready.
    mutating func poll(_ name: String) -> JSONValue? {
        let answer = file(name)
        if let polls = files[name]?.polls, polls > 0 {
            files[name]?.polls = polls - 1
        }
        return answer
    }

    /// All files, the youngest first.
    var list: [JSONValue] { names.reversed().compactMap { file($0) } }

    /// Deletes a file; returns whether it was there.
    mutating func delete(_ name: String) -> Bool {
        names.removeAll { $0 == name }
        return files.removeValue(forKey: name) != nil
    }

    /// Why a prompt must not refer to an address; `nil` if it may, or if it is no file's.
    func refusal(of uri: String) -> APIError? {
        let parts = uri.split(separator: "/")
        guard uri.hasPrefix(Self.address), parts.count == 5, parts[3] == "files" else { return nil }
        let name = String(parts[4])
        guard let file = files[name] else { return .fileNotFound(name) }
        guard file.state != "ACTIVE" else { return nil }
        return APIError(
            status: 400,
            name: "FAILED_PRECONDITION",
            message: "The File \(name) is not in an ACTIVE state and usage is not allowed."
        )
    }

    private static let address = "https://generativelanguage.googleapis.com/"

    private static func identifier(_ kind: String, _ number: Int) -> String {
        var hash = StableHash()
        hash.combine(kind)
        hash.combine(number: UInt64(number))
        return String(StableHash.hex(hash.value).prefix(12))
    }
}

extension APIError {
    /// Unknown files and those of other projects are not told apart.
    static func fileNotFound(_ name: String) -> APIError {
        APIError(
            status: 403,
            name: "PERMISSION_DENIED",
            message: "You do not have permission to access the File \(name) or it may not exist."
        )
    }
}
