/// Where and why bytes are not JSON.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was expected or found, in a few words.
    public let problem: String
    /// The offset of the byte at which reading stopped, from 0.
    public let offset: Int

    package init(_ problem: String, at offset: Int) {
        self.problem = problem
        self.offset = offset
    }

    public var description: String {
        "\(problem) at byte \(offset)"
    }
}
