/// One word of a command line.
enum ShellWord {
    private static let plainPunctuation = Set("_-./:@%+=,".unicodeScalars)

    /// A text as a shell takes it for one word, so that a command that is proposed can be typed as it stands.
    static func quoted(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                || plainPunctuation.contains(scalar)
        }
        guard !isPlain || text.isEmpty else { return text }
        return "'" + text.replacing("'", with: #"'\''"#) + "'"
    }
}
