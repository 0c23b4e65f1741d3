import NIOHTTP1

/// What a request asks for, told from its method and its address.
enum Route: Equatable {
    case generate(Target, Transport)
    case countTokens(Target)
    case listModels(PageRequest)
    case model(Target)
    case files(FileRoute)
    case listRequests(match: String)
    case resetRequests
    case replaceScript
    case stats
    case unknown

    /// The model of a request, and on which of the two backends it was asked for.
    struct Target: Equatable {
        let model: String
        let version: String
        let isVertex: Bool
        /// The method after the colon; empty if there is none.
        let method: String
    }

    /// How an answer is written.
    enum Transport: Equatable {
        /// Server-sent events.
        case events
        /// One JSON array, element by element: streaming without `alt=sse`.
        case array
        /// One JSON document.
        case whole
    }

    init(method: HTTPMethod, uri: String) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let segments = parts[0].split(separator: "/").map(String.init)
        let query = parts.count > 1 ? QueryItems(parts[1]) : QueryItems("")
        if segments.first == "simulator" {
            self = Self.control(method, Array(segments.dropFirst()), query)
        } else {
            self = Self.files(method, segments, query) ?? Self.api(method, segments, query)
        }
    }

    /// The Files API, which only the Gemini API has; `nil` for any other address.
    private static func files(_ method: HTTPMethod, _ segments: [String], _ query: QueryItems) -> Route? {
        let isUpload = segments.first == "upload"
        let path = isUpload ? segments.dropFirst() : segments[...]
        guard let version = path.first, ["v1", "v1beta", "v1alpha"].contains(version) else { return nil }
        return switch (isUpload, method, Array(path.dropFirst())) {
        case (true, .POST, ["files"]):
            .files(query["upload_id"].map { .transfer(uploadID: $0) } ?? .start(version: version))
        case (false, .GET, ["files"]): .files(.list(PageRequest(query)))
        case (false, .GET, let path) where path.count == 2 && path[0] == "files": .files(.get(path[1]))
        case (false, .DELETE, let path) where path.count == 2 && path[0] == "files": .files(.delete(path[1]))
        default: nil
        }
    }

    private static func control(_ method: HTTPMethod, _ segments: [String], _ query: QueryItems) -> Route {
        switch (method, segments) {
        case (.GET, ["requests"]): .listRequests(match: query["match"] ?? "")
        case (.DELETE, ["requests"]): .resetRequests
        case (.PUT, ["script"]): .replaceScript
        case (.GET, ["stats"]): .stats
        default: .unknown
        }
    }

    private static func api(_ method: HTTPMethod, _ segments: [String], _ query: QueryItems) -> Route {
        guard let version = segments.first, ["v1", "v1beta", "v1alpha", "v1beta1"].contains(version) else {
            return .unknown
        }
        let isVertex = segments.dropFirst().first != "models"
        let path = segments.dropFirst()
        let rest: ArraySlice<String>
        if path.first == "models" {
            rest = path.dropFirst()
        } else if isPublisher(path) {
            rest = path.dropFirst(3)
        } else if path.first == "projects", path.dropFirst(2).first == "locations",
            isPublisher(path.dropFirst(4))
        {
            rest = path.dropFirst(7)
        } else {
            return .unknown
        }
        if rest.isEmpty {
            return method == .GET ? .listModels(PageRequest(query)) : .unknown
        }
        guard rest.count == 1, let name = rest.first else { return .unknown }
        let pieces = name.split(separator: ":", maxSplits: 1).map { QueryItems.decoded($0) }
        guard let model = pieces.first else { return .unknown }
        let target = Target(
            model: model,
            version: version,
            isVertex: isVertex,
            method: pieces.count > 1 ? pieces[1] : ""
        )
        return switch (method, target.method) {
        case (.GET, ""): .model(target)
        case (.POST, "generateContent"): .generate(target, .whole)
        case (.POST, "streamGenerateContent"): .generate(target, query["alt"] == "sse" ? .events : .array)
        case (.POST, "countTokens"): .countTokens(target)
        default: .unknown
        }
    }
}

/// Whether a path begins with `publishers/…/models`, as models of Vertex AI do.
private func isPublisher(_ path: ArraySlice<String>) -> Bool {
    path.first == "publishers" && path.dropFirst(2).first == "models"
}

/// What a request of the Files API asks for.
enum FileRoute: Equatable {
    case start(version: String)
    /// A piece of an upload, or a question about it.
    case transfer(uploadID: String)
    case list(PageRequest)
    case get(String)
    case delete(String)
}

/// The part of an address after the question mark.
struct QueryItems {
    private var items: [(name: String, value: String)] = []

    init(_ text: some StringProtocol) {
        for item in text.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            items.append((Self.decoded(pair[0]), pair.count > 1 ? Self.decoded(pair[1]) : ""))
        }
    }

    subscript(name: String) -> String? {
        items.first { $0.name == name }?.value
    }

    /// Resolves `%XX` and `+`; what is not a valid escape stays as it is.
    static func decoded(_ text: some StringProtocol) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                result.append(value)
                index += 3
            } else {
                result.append(bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
