import Foundation
import JSON
import TestSupport
import Testing

/// The first five minutes: init, schema, and what is told of misspelt words.
@Suite("Getting started", .serialized, .timeLimit(.minutes(3)))
struct GettingStartedTests {
    @Test(
        "every template can be checked and run as it is",
        arguments: ["prompts", "csv", "images", "chat", "nightly"]
    )
    func templatesRun(name: String) async throws {
        let work = try Workspace()
        let made = try await work.genbatch("init", name, "--dir", "new folder/\(name)")
        #expect(made.status == 0, "\(made.errors)")
        let job = "new folder/\(name)/\(name).yaml"
        #expect(made.output.hasPrefix("wrote \(job)\n"), "\(made.output)")
        let check = try await work.genbatch("check", job)
        #expect(check.status == 0 && check.output.contains("nothing wrong"), "\(check.errors)")
        // The commands that it proposes can be typed as they are.
        let proposed = made.errors.split(separator: "\n").compactMap { line in
            line.range(of: "genbatch ").map { String(line[$0.upperBound...]) }
        }
        #expect(proposed.count == 3, "\(made.errors)")
        for command in proposed.dropLast() {
            let typed = try await work.shell(
                "unset GEMINI_API_KEY; $GB \(command.components(separatedBy: "   ")[0])"
            )
            #expect(typed.status == 0, "\(command): \(typed.errors)")
        }
        #expect(proposed.last == "run '\(job)'", "\(proposed)")
    }

    @Test("without a terminal init asks nothing and takes the first template")
    func asksNothing() async throws {
        let work = try Workspace()
        let made = try await work.genbatch("init")
        #expect(made.status == 0, "\(made.errors)")
        #expect(made.output == "wrote prompts.yaml\nwrote genbatch.schema.json\n")
        #expect(try work.read("prompts.yaml").hasPrefix("# yaml-language-server: $schema=genbatch.schema.json\n"))
        let again = try await work.genbatch("init")
        #expect(again.status == 0 && again.output == "all is there already\n", "\(again.errors)")
    }

    @Test("on a terminal init offers the templates, by number and by name", arguments: ["2", "csv"])
    func asks(answer: String) async throws {
        let work = try Workspace()
        let shown = try await work.shell("printf '\(answer)\\n' | script -qec '$GB init' /dev/null")
        #expect(shown.output.contains("1  prompts:") && shown.output.contains("Which one? [1]"), "\(shown.output)")
        #expect(work.exists("csv.yaml") && work.exists("data/reviews.csv"), "\(shown.output)")
        #expect(!work.exists("prompts.yaml"))
    }

    @Test("init replaces nothing unless --force says so, and then writes nothing at all")
    func replacesNothing() async throws {
        let work = try Workspace()
        try work.write("id,review\nmine,\n", to: "data/reviews.csv")
        let refused = try await work.genbatch("init", "csv")
        #expect(refused.status == 73)
        #expect(refused.errors.contains("data/reviews.csv") && refused.errors.contains("--force"), "\(refused.errors)")
        #expect(!work.exists("csv.yaml") && !work.exists("genbatch.schema.json"))
        #expect(try work.read("data/reviews.csv") == "id,review\nmine,\n")
        let forced = try await work.genbatch("init", "csv", "--force")
        #expect(forced.status == 0, "\(forced.errors)")
        #expect(try work.read("data/reviews.csv").contains("kettle"))
    }

    @Test("a folder that cannot be made is told with 73")
    func unwritableFolder() async throws {
        let work = try Workspace()
        try work.write("a file", to: "file")
        let refused = try await work.genbatch("init", "--dir", "file/below")
        #expect(refused.status == 73, "\(refused.errors)")
    }

    @Test("init --list names the templates, and a name that is none is told with what was meant")
    func lists() async throws {
        let work = try Workspace()
        let list = try await work.genbatch("init", "--list")
        #expect(
            list.output.split(separator: "\n").map { $0.prefix { $0 != " " } } == [
                "prompts", "csv", "images", "chat", "nightly",
            ]
        )
        let wrong = try await work.genbatch("init", "cvs")
        #expect(wrong.status == 64)
        #expect(wrong.errors.contains("did you mean \"csv\"?"), "\(wrong.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: work.path).isEmpty)
    }

    @Test("schema prints what init puts beside a job")
    func printsSchema() async throws {
        let work = try Workspace()
        #expect(try await work.genbatch("init").status == 0)
        let schema = try await work.genbatch("schema")
        #expect(schema.output == (try work.read("genbatch.schema.json")))
        let parsed = try JSONValue(parsing: schema.output)
        #expect(parsed["$schema"]?.string == "https://json-schema.org/draft/2020-12/schema")
    }

    @Test("a misspelt command or option is told with what was meant, and 64")
    func suggests() async throws {
        let work = try Workspace(job: "model: m\nprompts: [hi]\n")
        for (arguments, meant) in [
            (["rnu", "job.yaml"], "run"), (["help", "stauts"], "status"), (["chekc", "job.yaml"], "check"),
            (["run", "job.yaml", "--concurency", "3"], "--concurrency"), (["init", "--lits"], "--list"),
        ] {
            let run = await work.outcome(of: try work.start(arguments))
            #expect(run.status == 64, "\(arguments)")
            #expect(run.errors.lowercased().contains("did you mean"), "\(run.errors)")
            #expect(run.errors.contains(meant), "\(run.errors)")
        }
        let far = try await work.genbatch("frobnicate")
        #expect(far.status == 64)
        #expect(!far.errors.contains("did you mean"), "\(far.errors)")
    }
}
