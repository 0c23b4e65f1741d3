internal import BatchCore
internal import YAML

/// Reads `schedule` of a job file.
struct ScheduleDecoder {
    static let keys = ["cron", "timezone"]

    private let log: ProblemLog
    private let reader: NodeReader

    init(log: ProblemLog) {
        self.log = log
        reader = NodeReader(log: log)
    }

    /// `nil` after it has noted a problem.
    func schedule(_ node: YAMLNode) -> JobSchedule? {
        guard let fields = reader.fields(node, "\"schedule\"", known: Self.keys) else { return nil }
        let zone = fields["timezone"].flatMap(timeZone)
        guard let cron = fields["cron"] else {
            log.add("\"schedule\" needs `cron`: five fields such as \"15 2 * * *\", or @daily", at: node.mark)
            return nil
        }
        return expression(cron).map { JobSchedule(cron: $0, timeZone: zone) }
    }

    private func expression(_ node: YAMLNode) -> CronExpression? {
        guard let scalar = reader.text(node, "\"cron\"") else { return nil }
        do throws(CronError) {
            return try CronExpression(parsing: scalar.text)
        } catch {
            log.add(error.message, at: place(of: error, in: scalar))
            return nil
        }
    }

    /// Inside the text where its columns are those of the file: on one line, and not shortened by escapes.
    private func place(of error: CronError, in scalar: YAMLScalar) -> YAMLMark {
        let quotes = scalar.isPlain ? 0 : 1
        guard scalar.mark.line == scalar.end.line,
            scalar.end.column - scalar.mark.column == scalar.text.unicodeScalars.count + 2 * quotes
        else { return scalar.mark }
        return YAMLMark(line: scalar.mark.line, column: scalar.mark.column + quotes + error.column - 1)
    }

    private func timeZone(_ node: YAMLNode) -> String? {
        guard let name = reader.text(node, "\"timezone\"")?.text else { return nil }
        do throws(TimeZoneError) {
            _ = try TimeZoneDatabase.rules(of: name)
        } catch {
            switch error {
            case .unknown(_, let suggestion):
                log.add(error.description, at: node.mark, suggestion: suggestion)
                return nil
            // Runs do not need it; who asks for times is told.
            case .noDatabase: break
            }
        }
        return name
    }
}
