/// A set of words that the server may extend at any time: unknown ones are kept, not refused.
///
/// A literal stands for a word that this library has no name for: `config.responseModalities = ["VIDEO"]`.
public protocol OpenEnum: RawRepresentable, Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral
where RawValue == String, StringLiteralType == String {
    /// A word as it stands on the wire.
    init(rawValue: String)
}

extension OpenEnum {
    /// The word as it stands on the wire.
    public init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    public var description: String { rawValue }
}
