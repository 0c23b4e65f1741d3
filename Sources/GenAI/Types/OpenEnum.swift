/// A set of words that the server may extend at any time: unknown ones are kept, not refused.
public protocol OpenEnum: RawRepresentable, Sendable, Hashable, CustomStringConvertible where RawValue == String {
    init(rawValue: String)
}

extension OpenEnum {
    public var description: String { rawValue }
}
