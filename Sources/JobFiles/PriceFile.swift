package import BatchCore
internal import YAML

/// Tables of prices in files: the one that is shipped, and the user's.
package enum PriceFile {
    /// The table that is part of the program.
    ///
    /// - Throws: A ``JobFileError`` if it is not right, which a test rules out.
    package static func shipped() throws(JobFileError) -> PriceTable.Layer {
        try layer(of: JobText(PackageResources.prices_yaml, path: "prices.yaml"), origin: "shipped")
    }

    /// The user's table.
    ///
    /// - Parameter path: Its file.
    /// - Returns: `nil` if there is no such file.
    /// - Throws: A ``JobFileError`` with every problem that was found.
    package static func layer(path: String) throws(JobFileError) -> PriceTable.Layer? {
        let text: JobText
        do throws(FileProblem) {
            text = try JobText(path: path)
        } catch {
            guard !error.isMissing else { return nil }
            throw JobFileError(error, file: path)
        }
        return try layer(of: text, origin: path)
    }

    private static func layer(of text: JobText, origin: String) throws(JobFileError) -> PriceTable.Layer {
        let log = ProblemLog()
        var layer = PriceTable.Layer(origin: origin)
        do throws(YAMLError) {
            var parser = try text.parser()
            if try parser.peek() != nil {
                let node = try parser.readNode()
                try parser.finish()
                layer = PriceDecoder(log: log).layer(node, origin: origin)
            }
            for error in parser.problems {
                log.add(error)
            }
        } catch {
            log.add(error)
        }
        if let error = log.error(in: text) { throw error }
        return layer
    }
}
