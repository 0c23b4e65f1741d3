import BatchCore
import JobFiles
import Testing

@Suite("The user's configuration")
struct UserConfigurationTests {
    private func load(_ yaml: String) throws -> UserConfiguration {
        let work = try Workspace(["config.yaml": yaml])
        return try UserConfiguration.load(path: work.path + "/config.yaml")
    }

    private func messages(_ yaml: String) throws -> [String] {
        do {
            _ = try load(yaml)
            return []
        } catch let error as JobFileError {
            return error.problems.map { problem in
                let place = [problem.line, problem.column].compactMap { $0 }.map(String.init).joined(separator: ":")
                return "\(place): \(problem.message)" + (problem.suggestion.map { " (did you mean \($0))" } ?? "")
            }
        }
    }

    @Test("caps of a day and of a month are read to the micro-dollar")
    func caps() throws {
        let both = try load("limits: {cost_usd_per_day: 20, cost_usd_per_month: 300.000001}\n")
        #expect(both.caps == SpendingCaps(perDay: MicroDollars(20_000_000), perMonth: MicroDollars(300_000_001)))
        let one = try load("# mine\nlimits:\n  cost_usd_per_month: 0.5\n")
        #expect(one.caps == SpendingCaps(perMonth: MicroDollars(500_000)))
        #expect(!one.caps.isEmpty)
    }

    @Test("a file that is missing or says nothing caps nothing", arguments: ["", "# nothing yet\n", "limits: {}\n"])
    func empty(yaml: String) throws {
        #expect(try load(yaml).caps.isEmpty)
        #expect(try UserConfiguration.load(path: "/nonexistent/config.yaml").caps.isEmpty)
    }

    @Test(
        "what is wrong is told with its place, and nothing is passed over",
        arguments: [
            ("limit: {cost_usd_per_day: 20}\n", ["1:1: unknown key \"limit\" (did you mean limits)"]),
            (
                "limits: {cost_usd_per_dya: 20}\n",
                ["1:10: unknown key \"cost_usd_per_dya\" (did you mean cost_usd_per_day)"]
            ),
            (
                "limits:\n  cost_usd_per_day: -1\n  cost_usd_per_month: lots\n",
                [
                    "2:21: \"cost_usd_per_day\" must be an amount of dollars such as 20 or 7.50, not \"-1\"",
                    "3:23: \"cost_usd_per_month\" must be an amount of dollars such as 20 or 7.50, not \"lots\"",
                ]
            ),
            (
                "limits: {cost_usd_per_day: 0}\n",
                ["1:28: \"cost_usd_per_day\" must be an amount of dollars such as 20 or 7.50, not \"0\""]
            ),
            (
                "limits: {cost_usd_per_day: \"20\"}\n",
                ["1:28: \"cost_usd_per_day\" must be an amount of dollars such as 20 or 7.50, not \"20\" in quotes"]
            ),
            (
                "limits:\n  cost_usd_per_day:\n",
                ["2:20: \"cost_usd_per_day\" must be an amount of dollars such as 20 or 7.50, not nothing"]
            ),
            ("limits: 20\n", ["1:9: \"limits\" must be a mapping, not \"20\""]),
            ("- 1\n", ["1:1: a configuration must be a mapping, not a list"]),
            (
                "limits: {cost_usd_per_day: 1, cost_usd_per_day: 2}\n",
                ["1:31: the key \"cost_usd_per_day\" is given twice, first in line 1, column 10"]
            ),
        ]
    )
    func refuses(yaml: String, expected: [String]) throws {
        #expect(try messages(yaml) == expected)
    }

    @Test("a folder in place of the file is refused")
    func refusesFolder() throws {
        let work = try Workspace()
        #expect(throws: JobFileError.self) { _ = try UserConfiguration.load(path: work.path) }
    }
}
