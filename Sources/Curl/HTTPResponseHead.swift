/// The status and the headers of a response.
package struct HTTPResponseHead: Sendable {
    package typealias Header = (name: String, value: String)

    package let status: Int
    /// All headers in the order they came, names in lower case.
    package let headers: [Header]

    package init(status: Int, headers: [Header] = []) {
        self.status = status
        self.headers = headers
    }

    /// The first header of a name, given in lower case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}
