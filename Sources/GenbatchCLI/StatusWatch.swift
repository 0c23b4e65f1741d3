internal import BatchCore
internal import Checkpointing
internal import Terminal

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Shows the status of a job every second until nobody runs it.
struct StatusWatch {
    private static let interval = Duration.seconds(1)

    /// Of the checkpoint.
    let path: String
    /// The words that name the job on a command line.
    let target: String
    let json: Bool

    func run() async throws {
        let output = TextOutput.standardOutput
        let draws = !json && output.isTerminal && getenv("TERM").map { String(cString: $0) } != "dumb"
        var screen = LiveLines()
        var last = ""
        while true {
            // Opened anew each time: a reader that stays would keep the log beside the checkpoint when the run ends.
            let status = try CheckpointReader(path: path).status()
            guard status.lockHolder != nil else {
                output.write(screen.clear(size: output.size))
                return try StandardOutput.write(end(status))
            }
            if draws {
                output.write(screen.frame(StatusText.lines(status, path: path, target: target), size: output.size))
            } else if case let line = line(status), line != last {
                let time = json ? "" : Timestamp.rfc3339(unixMilliseconds: SystemClock().unixMilliseconds()) + "  "
                try StandardOutput.write("\(time)\(line)\n")
                last = line
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    private func line(_ status: CheckpointStatus) -> String {
        json ? StatusText.json(status, path: path) : StatusText.counts(status)
    }

    private func end(_ status: CheckpointStatus) -> String {
        let lines =
            json
            ? [StatusText.json(status, path: path)] : StatusText.lines(status, path: path, target: target)
        return lines.map { $0 + "\n" }.joined()
    }
}
