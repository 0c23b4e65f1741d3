internal import ArgumentParser
internal import JobFiles

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a job to begin with: a commented job file, and data where it needs some.",
        discussion: """
            EXAMPLES:
              genbatch init                    choose a template; without a terminal: prompts
              genbatch init csv                one item for each row of a table
              genbatch init images --dir trial
              genbatch init --list             the templates

            The schema of job files is put beside the job, so that editors complete and check it. A file that is there \
            is never replaced unless --force says so; then nothing at all is written.
            """
    )

    @Argument(
        help: "The template: prompts, csv, images, chat or nightly.",
        completion: .list(JobTemplate.all.map(\.name))
    )
    var template: String?

    @Option(
        name: .customLong("dir"),
        help: ArgumentHelp("The folder to write into; made if it is missing.", valueName: "folder"),
        completion: .directory
    )
    var folder = "."

    @Flag(help: "Replace files that are there.")
    var force = false

    @Flag(help: "List the templates and write nothing.")
    var list = false

    func run() throws {
        guard !list else {
            let width = JobTemplate.all.map(\.name.count).max() ?? 0
            let lines = JobTemplate.all.map { template in
                "\(template.name)\(String(repeating: " ", count: width - template.name.count))  \(template.summary)\n"
            }
            return try StandardOutput.write(lines.joined())
        }
        let template = try chosen()
        let scaffold = Scaffold(template, folder: folder)
        let paths = try scaffold.write(replacing: force)
        try StandardOutput.write(paths.isEmpty ? "all is there already\n" : paths.map { "wrote \($0)\n" }.joined())
        let job = ShellWord.quoted(scaffold.jobPath)
        StandardError.write(
            """
            next:
              genbatch check \(job)
              genbatch run \(job) --simulate --db trial.db   no key, no cost
              genbatch run \(job)

            """
        )
    }

    /// The template of the command line, or of a question where there is somebody to ask.
    private func chosen() throws -> JobTemplate {
        if let template {
            return try Self.template(template)
        }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return JobTemplate.all[0] }
        for (index, template) in JobTemplate.all.enumerated() {
            StandardError.write("  \(index + 1)  \(template.name): \(template.summary)\n")
        }
        StandardError.write("Which one? [1] ")
        guard let answer = readLine() else {
            throw CommandFailure(.wrongUsage, "no template was chosen; nothing is written")
        }
        let words = answer.split(whereSeparator: \.isWhitespace)
        guard let word = words.first else { return JobTemplate.all[0] }
        if let number = Int(word), JobTemplate.all.indices.contains(number - 1) {
            return JobTemplate.all[number - 1]
        }
        return try Self.template(String(word))
    }

    private static func template(_ name: String) throws -> JobTemplate {
        if let template = JobTemplate.named(name) { return template }
        let names = JobTemplate.all.map(\.name)
        throw CommandFailure(
            .wrongUsage,
            "there is no template \"\(name)\"\(SpellingHint.words(for: name, among: names)); the templates are: "
                + names.joined(separator: ", ")
        )
    }
}
