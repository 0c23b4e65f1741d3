import JSON
import NIOCore
import NIOHTTP1
import Synchronization

/// The Files API: resumable uploads, and what became of them.
final class FileService: Sendable {
    /// Pieces but the last one are multiples of this.
    private static let granularity = 256 << 10
    private static let longestFile = 2 << 30

    private let store = Mutex(FileStore())
    private let processingPolls: Int

    /// Looks up the fault ordered for a file of some display name.
    typealias FaultLookup = (_ scope: Fault.Scope, _ displayName: String, _ upload: String, _ piece: Int) -> Fault?

    init(processingPolls: Int) {
        self.processingPolls = processingPolls
    }

    /// Why a prompt must not refer to an address.
    func refusal(of uri: String) -> APIError? {
        store.withLock { $0.refusal(of: uri) }
    }

    func respond(
        to route: FileRoute,
        head: HTTPRequestHead,
        body: ByteBuffer,
        fault: FaultLookup
    ) throws(APIError) -> ResponsePlan {
        switch route {
        case .start(let version): return try start(version, head: head, body: Array(body.readableBytesView))
        case .transfer(let id): return try transfer(id, head: head, body: body, fault: fault)
        case .list(let page):
            return .document(try page.page(of: store.withLock { $0.list }, named: "files", usualSize: 10))
        case .get(let name):
            guard let file = store.withLock({ $0.poll(name) }) else { throw .fileNotFound(name) }
            return .document(file)
        case .delete(let name):
            guard store.withLock({ $0.delete(name) }) else { throw .fileNotFound(name) }
            return .document([:])
        }
    }

    // MARK: Uploads

    private func start(_ version: String, head: HTTPRequestHead, body: [UInt8]) throws(APIError) -> ResponsePlan {
        guard head.headers.first(name: "x-goog-upload-protocol") == "resumable",
            head.headers.first(name: "x-goog-upload-command") == "start"
        else { throw .invalidArgument("Only resumable uploads are simulated; they begin with the command start.") }
        let announcement = try FileStore.Announcement(version: version, headers: head.headers, body: body)
        guard announcement.size <= Self.longestFile else {
            throw .invalidArgument("The file is larger than \(Self.longestFile) bytes.")
        }
        let id = try store.withLock { store throws(APIError) in try store.start(announcement) }
        let host = head.headers.first(name: "host") ?? ""
        // Behind a proxy that speaks TLS the client is to come back through it.
        let scheme = head.headers.first(name: "x-forwarded-proto") == "https" ? "https" : "http"
        let address = "\(scheme)://\(host)/upload/\(version)/files?upload_id=\(id)&upload_protocol=resumable"
        return Self.plan(
            status: "active",
            [("X-Goog-Upload-URL", address), ("X-Goog-Upload-Chunk-Granularity", String(Self.granularity))]
        )
    }

    private func transfer(
        _ id: String,
        head: HTTPRequestHead,
        body: ByteBuffer,
        fault: FaultLookup
    ) throws(APIError) -> ResponsePlan {
        guard let upload = store.withLock({ $0[upload: id] }) else {
            throw APIError(status: 404, name: "NOT_FOUND", message: "The upload is not known.")
        }
        let commands = (head.headers.first(name: "x-goog-upload-command") ?? "")
            .split(separator: ",").map { $0.filter { $0 != " " } }
        if commands == ["query"] {
            return answer(to: id)
        }
        guard commands == ["upload"] || commands == ["upload", "finalize"] else {
            throw .invalidArgument("The command must be upload, upload, finalize, or query.")
        }
        let isLast = commands.count == 2
        try Self.check(upload, head: head, count: body.readableBytes, isLast: isLast)
        let name = upload.announcement.displayName ?? ""
        if case .cutUpload(let limit) = fault(.uploadPiece, name, id, upload.pieces + 1) {
            let kept = min(limit ?? body.readableBytes / 2, body.readableBytes)
            store.withLock { $0.append(body.readableBytesView.prefix(kept), to: id) }
            return .dropped
        }
        var fails = false
        if isLast, case .failedFile = fault(.file, name, id, 1) {
            fails = true
        }
        store.withLock { store in
            store.append(body.readableBytesView, to: id)
            if isLast {
                store.finish(id, polls: processingPolls, fails: fails)
            }
        }
        return answer(to: id)
    }

    private static func check(
        _ upload: FileStore.Upload,
        head: HTTPRequestHead,
        count: Int,
        isLast: Bool
    ) throws(APIError) {
        let offset = head.headers.first(name: "x-goog-upload-offset").flatMap { Int($0) }
        guard upload.file == nil else { throw .invalidArgument("The upload has ended already.") }
        guard offset == upload.received else {
            throw .invalidArgument("The offset must be \(upload.received), the number of bytes received.")
        }
        guard isLast || count.isMultiple(of: granularity) else {
            throw .invalidArgument("A piece but the last one must be a multiple of \(granularity) bytes.")
        }
        let total = upload.received + count
        guard isLast ? total == upload.announcement.size : total <= upload.announcement.size else {
            throw .invalidArgument("\(total) bytes do not fit a file of \(upload.announcement.size).")
        }
    }

    /// How an upload stands, with the file if it is complete.
    private func answer(to id: String) -> ResponsePlan {
        let (received, file) = store.withLock { store in
            (store[upload: id]?.received ?? 0, store[upload: id]?.file.map { store.file($0) ?? [:] })
        }
        var plan = Self.plan(
            status: file == nil ? "active" : "final",
            [("X-Goog-Upload-Size-Received", String(received))]
        )
        if let file {
            let whole = ResponsePlan.document(["file": file])
            plan.body = whole.body
            plan.contentLength = whole.contentLength
        }
        return plan
    }

    private static func plan(status: String, _ headers: [(name: String, value: String)]) -> ResponsePlan {
        var plan = ResponsePlan.whole([])
        plan.headers += [("X-Goog-Upload-Status", status)] + headers
        return plan
    }
}

extension FileStore.Announcement {
    private static let fields: Set<String> = ["name", "displayName", "mimeType", "sizeBytes"]

    /// Reads the request that starts an upload.
    fileprivate init(version: String, headers: HTTPHeaders, body: [UInt8]) throws(APIError) {
        var members: JSONObject = [:]
        if !body.isEmpty {
            guard let file = (try? JSONValue(parsing: body))?["file"]?.object else {
                throw .badRequest([APIError.Violation(field: "", description: "Invalid JSON payload received.")])
            }
            for member in file {
                let name = FieldName.camel(member.name)
                guard Self.fields.contains(name) else {
                    let problem =
                        "Invalid JSON payload received. Unknown name \"\(member.name)\" at 'file': Cannot find field."
                    throw .badRequest([APIError.Violation(field: "file", description: problem)])
                }
                members[name] = member.value
            }
        }
        let mimeType = headers.first(name: "x-goog-upload-header-content-type") ?? members["mimeType"]?.string ?? ""
        let length = headers.first(name: "x-goog-upload-header-content-length").flatMap { Int($0) }
        guard !mimeType.isEmpty, let size = length ?? members["sizeBytes"]?.int64.map({ Int($0) }), size >= 0 else {
            throw .invalidArgument("An upload needs a MIME type and a length.")
        }
        self.init(
            version: version,
            name: try members["name"]?.string.map(Self.identifier),
            displayName: members["displayName"]?.string,
            mimeType: mimeType,
            size: size
        )
        guard (displayName ?? "").count <= 512 else {
            throw .invalidArgument("The display name must not be longer than 512 characters.")
        }
    }

    private static func identifier(_ name: String) throws(APIError) -> String {
        let identifier = name.dropFirst("files/".count)
        let allowed = identifier.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
        }
        guard name.hasPrefix("files/"), allowed, (1...40).contains(identifier.count) else {
            throw .invalidArgument(
                "* CreateFileRequest.file.name: must be files/ and at most 40 lower case letters, digits and dashes"
            )
        }
        return String(identifier)
    }
}
