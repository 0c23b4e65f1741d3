/// Why signing in to Google Cloud did not work.
///
/// It never holds a key, a token or what they are made from.
public struct SignInError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of trouble it is.
    public enum Code: String, Sendable {
        /// There are none: no file, and this is no machine of Google Cloud.
        case noCredentials
        /// There is a file, and it cannot be used.
        case unusableCredentials
        /// Google does not accept them, or not any more; only new ones, or a right clock, help.
        case rejected
        /// The server that gives out tokens had trouble; another try may succeed.
        case unavailable
    }

    /// What kind of trouble it is.
    public let code: Code
    /// What was tried, what happened and what to do.
    public let message: String

    /// An error of a kind, with its words.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether another try may succeed without anything being changed.
    public var isTransient: Bool { code == .unavailable }

    public var description: String { message }
}
