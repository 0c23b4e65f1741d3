internal import ArgumentParser
internal import JSON
internal import JobFiles

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of job files, for editors.",
        discussion: """
            EXAMPLES:
              genbatch schema > genbatch.schema.json
              genbatch schema | jq '.properties | keys'

            An editor with a YAML language server completes and checks a job file that begins with the line
              # yaml-language-server: $schema=genbatch.schema.json
            `genbatch init` writes both. `genbatch check` finds more: what only a run would notice.
            """
    )

    func run() throws {
        try StandardOutput.write("\(JobSchema.document.indentedText)\n")
    }
}
