internal import YAML

/// The entries of `prompts`, one after the other, with nothing else of the file in memory.
final class InlinePrompts {
    static let emptiness = "\"prompts\" is empty"

    private var parser: YAMLParser

    /// Goes to the first entry.
    ///
    /// - Parameter text: A job file that is known to have a list of `prompts`.
    /// - Throws: A ``YAMLError`` if the file cannot be read, or is not the one that was checked.
    init(_ text: JobText) throws(YAMLError) {
        parser = try text.parser()
        _ = try parser.peek()
        try parser.enter()
        while let key = try parser.nextKey(), key.text != "prompts" {
            try parser.skipValue()
        }
        try parser.enter()
    }

    /// What was found wrong on the way without ending it.
    var problems: [YAMLError] { parser.problems }

    /// The next entry; at the end reads on to the end of the file, so that a file that changed meanwhile is noticed.
    func next() throws(YAMLError) -> YAMLNode? {
        if try parser.nextElement() {
            return try parser.readNode()
        }
        while try parser.nextKey() != nil {
            try parser.skipValue()
        }
        try parser.finish()
        return nil
    }
}
