internal import JSON

/// A list that the server gives page by page; further pages are fetched as the loop gets to them.
///
/// Nothing is asked for before the first element is. Each loop begins anew.
///
/// ```swift
/// for try await model in client.models.list(pageSize: 50) {
///     print(model.name)
/// }
/// ```
public struct PagedList<Element: Sendable>: AsyncSequence, Sendable {
    let client: Client
    /// Below the API version.
    let path: String
    /// The member of each page that holds its elements.
    let member: String
    let pageSize: Int?
    var isGeminiAPIOnly = false
    let element: @Sendable (JSONObject) -> Element

    /// Makes an iterator, which sends nothing yet.
    public func makeAsyncIterator() -> Iterator {
        Iterator(list: self)
    }

    /// Walks through a list once.
    public struct Iterator: AsyncIteratorProtocol {
        private let list: PagedList
        private var page: ArraySlice<JSONObject> = []
        private var nextPageToken: String?
        private var isLastPage = false

        init(list: PagedList) {
            self.list = list
        }

        /// The next element; `nil` at the end.
        ///
        /// - Returns: The element as the server described it.
        /// - Throws: ``GenAIError``, or `CancellationError`.
        public mutating func next() async throws -> Element? {
            // A page may be empty and yet have a next one.
            while page.isEmpty {
                guard !isLastPage else { return nil }
                try await fetchPage()
            }
            return list.element(page.removeFirst())
        }

        private mutating func fetchPage() async throws {
            if list.isGeminiAPIOnly {
                try list.client.requireGeminiAPI(for: "lists of \(list.path)")
            }
            var path = QueryPath(list.path)
            if let pageSize = list.pageSize {
                path.append("pageSize", String(pageSize))
            }
            if let nextPageToken {
                path.append("pageToken", nextPageToken)
            }
            let answer = try await list.client.call("GET", path.text)
            let token = answer["nextPageToken"]?.string ?? ""
            guard token.isEmpty || token != nextPageToken else {
                throw GenAIError.malformedResponse("a list whose next page is the same page again")
            }
            page = (answer[list.member]?.array ?? []).compactMap(\.object)[...]
            nextPageToken = token
            isLastPage = token.isEmpty
        }
    }
}
