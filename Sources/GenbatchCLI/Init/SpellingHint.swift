internal import JobFiles

/// What a misspelt word was meant to be, in words for a message.
enum SpellingHint {
    /// ` (did you mean "run"?)`, or nothing if no word is near.
    static func words(for word: String, among known: [String]) -> String {
        Suggestion.nearest(to: word, in: known).map { " (did you mean \"\($0)\"?)" } ?? ""
    }
}
