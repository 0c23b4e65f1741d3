import JSON

/// Which page of a list is asked for.
struct PageRequest: Equatable {
    private static let tokenPrefix = "page-"

    /// As it came; the list decides what is too much.
    let size: Int?
    let token: String

    init(_ query: QueryItems) {
        size = query["pageSize"].flatMap { Int($0) }
        token = query["pageToken"] ?? ""
    }

    /// Cuts the page out of a list.
    ///
    /// - Parameters:
    ///   - list: All elements.
    ///   - name: The member that holds them.
    ///   - usualSize: The size of a page unless another one is asked for.
    /// - Returns: The page as the API answers, with the token of the next one if there is one.
    /// - Throws: ``APIError`` for a token that is not of this list.
    func page(of list: [JSONValue], named name: String, usualSize: Int) throws(APIError) -> JSONValue {
        var start = 0
        if !token.isEmpty {
            guard token.hasPrefix(Self.tokenPrefix), let place = Int(token.dropFirst(Self.tokenPrefix.count)),
                (0...list.count).contains(place)
            else { throw .invalidArgument("The page token is not valid.") }
            start = place
        }
        let end = min(list.count, start + min(max(size ?? usualSize, 1), 1000))
        var members: JSONObject = [:]
        // As in every message of the API, an empty list is left out.
        if start < end {
            members[name] = .array(Array(list[start..<end]))
        }
        if end < list.count {
            members["nextPageToken"] = .string("\(Self.tokenPrefix)\(end)")
        }
        return .object(members)
    }
}
