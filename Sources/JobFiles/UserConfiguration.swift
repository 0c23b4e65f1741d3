package import BatchCore
internal import YAML

/// What a user sets for all jobs, in a file of their own: `config.yaml`.
package struct UserConfiguration: Sendable, Equatable {
    package var caps = SpendingCaps()

    package init() {}

    /// Reads a configuration.
    ///
    /// - Parameter path: The file.
    /// - Returns: One that sets nothing if there is no such file, or nothing in it.
    /// - Throws: A ``JobFileError`` with every problem that was found; what guards money is never passed over.
    package static func load(path: String) throws(JobFileError) -> UserConfiguration {
        let text: JobText
        do throws(FileProblem) {
            text = try JobText(path: path)
        } catch {
            guard !error.isMissing else { return UserConfiguration() }
            throw JobFileError(error, file: path)
        }
        let log = ProblemLog()
        var configuration = UserConfiguration()
        do throws(YAMLError) {
            var parser = try text.parser()
            if try parser.peek() != nil {
                let node = try parser.readNode()
                try parser.finish()
                configuration = UserConfigurationDecoder(reader: NodeReader(log: log)).configuration(node)
            }
            for error in parser.problems {
                log.add(error)
            }
        } catch {
            log.add(error)
        }
        if let error = log.error(in: text) { throw error }
        return configuration
    }
}

private struct UserConfigurationDecoder {
    let reader: NodeReader

    func configuration(_ node: YAMLNode) -> UserConfiguration {
        var configuration = UserConfiguration()
        guard let limits = reader.fields(node, "a configuration", known: ["limits"])?["limits"] else {
            return configuration
        }
        let names: [(String, WritableKeyPath<SpendingCaps, MicroDollars?>)] = [
            ("cost_usd_per_day", \.perDay), ("cost_usd_per_month", \.perMonth),
        ]
        let fields = reader.fields(limits, "\"limits\"", known: names.map(\.0)) ?? FieldList()
        for (name, path) in names {
            configuration.caps[keyPath: path] = fields[name].flatMap { reader.dollars($0, "\"\(name)\"") }
        }
        return configuration
    }
}
