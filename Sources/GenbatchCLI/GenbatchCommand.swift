internal import ArgumentParser

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The command line of genbatch.
struct GenbatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "genbatch",
        abstract: "Run many prompts through Gemini from one YAML file, and never lose an answer.",
        discussion: """
            EXAMPLES:
              genbatch init                          write a job to begin with: prompts.yaml
              genbatch check prompts.yaml            read everything, send nothing
              genbatch run prompts.yaml --simulate   try it without a key, against a local simulator
              genbatch run prompts.yaml --db real.db
              genbatch status prompts.yaml           where the job stands
              genbatch export prompts.yaml -o answers.jsonl
              genbatch prompt --model gemini-3.8-flash "Tell me a story in 300 words."

            The key comes from --key-file, else GOOGLE_API_KEY, else GEMINI_API_KEY.
            """,
        version: Version.current,
        subcommands: [
            InitCommand.self, RunCommand.self, ResumeCommand.self, CheckCommand.self, PlanCommand.self,
            StatusCommand.self, ShowCommand.self, FailuresCommand.self, RetryCommand.self, ExportCommand.self,
            ReportCommand.self, PromptCommand.self, PricesCommand.self, QuotaCommand.self, BackupCommand.self,
            MergeCommand.self, DoctorCommand.self, SalvageCommand.self, ScheduleCommand.self, SchemaCommand.self,
        ]
    )
}

/// The program.
package enum Genbatch {
    /// Does what the command line says and ends the process with its exit status.
    package static func main() async -> Never {
        // A write to a closed pipe or past a size limit is an error to handle, not the end of paid work.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        occupyStandardStreams()
        do {
            try checkCommandName(CommandLine.arguments.dropFirst())
            var command = try GenbatchCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            exit(ExitStatus.allDone.rawValue)
        } catch let status as ExitStatus {
            exit(status.rawValue)
        } catch is StandardOutput.ReaderGone {
            exit(ExitStatus.allDone.rawValue)
        } catch let failure as CommandFailure {
            report(failure)
        } catch  where GenbatchCommand.exitCode(for: error) != .failure {
            // Help, version and mistakes on the command line.
            GenbatchCommand.exit(withError: error)
        } catch {
            report(CommandFailure(error))
        }
    }

    /// Tells a misspelt command by its name; the parser speaks of unexpected arguments.
    private static func checkCommandName(_ arguments: ArraySlice<String>) throws {
        let names = GenbatchCommand.configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
        let name = arguments.first == "help" ? arguments.dropFirst().first : arguments.first
        guard let name, !name.hasPrefix("-"), !names.contains(name) else { return }
        throw CommandFailure(
            .wrongUsage,
            "there is no command \"\(name)\"\(SpellingHint.words(for: name, among: names));"
                + " `genbatch --help` lists them"
        )
    }

    /// Takes the numbers of standard streams that were closed, which the next files would get otherwise: messages and
    /// results would be written into them.
    ///
    /// Opened the wrong way round, so that using them is still an error.
    private static func occupyStandardStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    private static func report(_ failure: CommandFailure) -> Never {
        StandardError.write("genbatch: \(failure.message)\n")
        exit(failure.status.rawValue)
    }
}

extension ExitStatus: Error {}

enum Version {
    static let current = "0.1.0"
}
