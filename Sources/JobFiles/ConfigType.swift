internal import BatchCore

/// What a member of `config` may be.
indirect enum ConfigType: Sendable {
    /// From the first number up to the second, included or not.
    case number(Double, Double, includesMaximum: Bool)
    case integer(ClosedRange<Int>)
    case bool
    case text
    /// One of some words, of which some may be known on one backend only; written in any case, sent as listed.
    case word([String], only: [String: JobBackend.Kind] = [:])
    case list(ConfigType, maximum: Int?)
    /// The members that are listed, and no others.
    case object([String: ConfigType])
    /// The members that are listed; others, which the API may have by now, are sent as they are.
    case open([String: ConfigType])
    /// A text, which stands for the member of an object that is mostly wanted, or the object.
    case textOr([String: ConfigType])
    /// Members of one type, under names of the user's own.
    case named(ConfigType)
    /// A schema in the API's subset of OpenAPI, which holds others.
    case schema
    /// An object that is sent as it is.
    case json
    /// Anything, sent as it is.
    case any
    /// Known on one backend only.
    case only(JobBackend.Kind, ConfigType)
    /// Known, and refused with a reason.
    case refused(String)

    /// Any number.
    static let anyNumber = ConfigType.number(-.infinity, .infinity, includesMaximum: false)
    /// A count of something.
    static let count = ConfigType.integer(0...(.max))

    /// `maxOutputTokens` as `max_output_tokens`.
    static func snakeCase(_ name: String) -> String {
        var result = ""
        for character in name {
            if character.isUppercase, !result.isEmpty {
                result += "_"
            }
            result += character.lowercased()
        }
        return result
    }
}
