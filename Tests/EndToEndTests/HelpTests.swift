import Foundation
import JSON
import TestSupport
import Testing

/// What the program says about itself, and what the build makes of it: completions and manual pages.
@Suite("Help", .serialized, .timeLimit(.minutes(2)))
struct HelpTests {
    /// A command as `--experimental-dump-help` tells it.
    private struct Described {
        /// `run`, `schedule print`.
        let name: String
        let discussion: String
        /// `--output`, `-o`.
        let options: Set<String>

        init(_ value: JSONValue, of parent: String? = nil) {
            let own = value["commandName"]?.string ?? ""
            name = parent.map { "\($0) \(own)" } ?? own
            discussion = value["discussion"]?.string ?? ""
            options = Set(
                (value["arguments"]?.array ?? []).flatMap { $0["names"]?.array ?? [] }.map { option in
                    (option["kind"]?.string == "long" ? "--" : "-") + (option["name"]?.string ?? "")
                }
            )
        }
    }

    private func commands(_ work: Workspace) async throws -> [Described] {
        let help = try await work.genbatch("--experimental-dump-help")
        let root = try #require(try JSONValue(parsing: help.output)["command"])
        let commands = (root["subcommands"]?.array ?? []).flatMap { command in
            let own = Described(command)
            return [own] + (command["subcommands"]?.array ?? []).map { Described($0, of: own.name) }
        }
        return [Described(root)] + commands.filter { !$0.name.split(separator: " ").contains("help") }
    }

    /// The command that a line calls, and the options it uses; what stands after `--` is for another command.
    private func call(_ words: [String], _ commands: [Described]) -> (command: Described, options: Set<String>)? {
        let command = [2, 1].lazy.compactMap { count in
            commands.first { $0.name == words.dropFirst().prefix(count).joined(separator: " ") }
        }.first
        let own = words.prefix { !["|", ">", "#", "&&", ";", "--"].contains($0) }
        let options = own.filter { $0.hasPrefix("-") && $0.count > 1 }.map { String($0.prefix { $0 != "=" }) }
        return command.map { ($0, Set(options)) }
    }

    @Test("the help of every command leads with examples, which use its own options")
    func examples() async throws {
        let commands = try await commands(try Workspace())
        #expect(commands.count > 15)
        for command in commands where command.name.split(separator: " ").count == 1 {
            #expect(command.discussion.hasPrefix("EXAMPLES:\n"), "\(command.name)")
            let block = command.discussion.components(separatedBy: "\n\n")[0]
            let lines = block.split(separator: "\n").dropFirst().map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(!lines.isEmpty, "\(command.name)")
            for line in lines {
                let words = line.split(separator: " ").map(String.init)
                #expect(words.first == "genbatch", "\(line)")
                let (used, options) = try #require(call(words, commands), "\(line)")
                #expect(command.name == "genbatch" || words[1] == command.name, "\(line)")
                #expect(options.isSubset(of: used.options), "\(line)")
            }
        }
    }

    @Test("every command line in README and documents has a command and options that there are")
    func documents() async throws {
        let commands = try await commands(try Workspace())
        let docs = BuiltProducts.package.appendingPathComponent("docs")
        let pages = try FileManager.default.contentsOfDirectory(atPath: docs.path).filter { $0.hasSuffix(".md") }
            .map { docs.appendingPathComponent($0) }
        var seen: Set<String> = []
        for page in pages + [BuiltProducts.package.appendingPathComponent("README.md")] {
            // Every other piece stands between two fences.
            let blocks = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "\n```").enumerated()
            for line in blocks.flatMap({ $0.isMultiple(of: 2) ? [] : $1.split(separator: "\n") }) {
                let line = line.drop { $0 == "$" || $0 == " " }
                guard line.hasPrefix("genbatch ") else { continue }
                let words = line.split(separator: " ").map(String.init)
                let (command, options) = try #require(call(words, commands), "\(page.lastPathComponent): \(line)")
                #expect(options.isSubset(of: command.options), "\(page.lastPathComponent): \(line)")
                seen.insert(command.name)
            }
        }
        #expect(seen.count > 8, "\(seen)")
    }

    @Test("every option of the help is used by a test")
    func optionsAreTested() async throws {
        let folder = BuiltProducts.package.appendingPathComponent("Tests/EndToEndTests")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        let tests = try names.filter { $0 != "HelpTests.swift" }
            .map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }.joined()
        let words = Set(tests.split { !$0.isLetter && !$0.isNumber && $0 != "-" })
        for command in try await commands(try Workspace()) {
            for option in command.options where option.hasPrefix("--") && !["--help", "--version"].contains(option) {
                #expect(words.contains(option[...]), "\(option) of \(command.name)")
            }
        }
    }

    @Test("--version says which, --help of every command fits a terminal and ends with 0")
    func helps() async throws {
        let work = try Workspace()
        let version = try await work.genbatch("--version")
        #expect(version.output.split(separator: ".").count == 3, "\(version.output)")
        for command in try await commands(work) where command.name != "genbatch" {
            let help = try await work.shell("$GB \(command.name) --help")
            #expect(help.status == 0 && help.errors.isEmpty, "\(command.name)")
            #expect(help.output.contains("USAGE: genbatch \(command.name)"), "\(help.output)")
        }
    }

    @Test("there are completions for three shells, and bash takes its own")
    func completions() async throws {
        let work = try Workspace()
        for shell in ["bash", "zsh", "fish"] {
            let script = try await work.genbatch("--generate-completion-script", shell)
            #expect(script.status == 0 && script.output.contains("salvage"), "\(shell): \(script.errors)")
            try work.write(script.output, to: shell)
        }
        let bash = try await work.shell(
            "bash -c '. ./bash; COMP_WORDS=(genbatch sal); COMP_CWORD=1; COMP_LINE=\"genbatch sal\"; COMP_POINT=12;"
                + " _genbatch genbatch sal genbatch; echo ${COMPREPLY[@]}'"
        )
        #expect(bash.output.contains("salvage"), "\(bash.output) \(bash.errors)")
    }

    @Test("there is a manual page for every command, without a mistake of its language")
    func manual() async throws {
        let work = try Workspace()
        let script = BuiltProducts.package.appendingPathComponent("scripts/man.py").path
        let made = try await work.shell("python3 \(script) $GB man && groff -man -Tutf8 -ww man/*.1 > all.txt")
        #expect(made.status == 0 && made.errors.isEmpty, "\(made.errors)")
        let pages = try FileManager.default.contentsOfDirectory(atPath: "\(work.path)/man").sorted()
        let names = try await commands(work).map(\.name).map { name in
            name == "genbatch" ? "genbatch.1" : "genbatch-\(name.replacing(" ", with: "-")).1"
        }
        #expect(pages == names.sorted())
        let run = try work.read("man/genbatch-run.1")
        #expect(run.contains("\n.SH EXAMPLES\n.nf\ngenbatch run job.yaml\n"), "\(run)")
        #expect(run.contains("\\fB\\-\\-concurrency\\fR \\fIcount\\fR\n"), "\(run)")
        let statuses = try work.read("man/genbatch.1").components(separatedBy: ".SH EXIT STATUS")
        #expect(statuses.last?.contains("\\fB130, 143\\fR\nstopped by Ctrl\\-C, by SIGTERM\n") == true)
    }
}
