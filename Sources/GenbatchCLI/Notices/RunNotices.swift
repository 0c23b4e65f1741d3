internal import BatchCore
internal import Foundation
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Tells others of a run: a health check, the metrics of the machine, a command of the user's.
///
/// None of them changes how the run ends; what goes wrong with them is told on standard error.
final class RunNotices: RunObserver {
    private static let pingLimit = Duration.seconds(10)
    private static let keyVariables = ["GOOGLE_API_KEY", "GEMINI_API_KEY"]

    private let options: NoticeOptions
    private let job: String
    private let resume: String
    private let clock: SystemClock
    private let summary = Mutex<RunSummary?>(nil)

    /// - Parameters:
    ///   - options: Who is to be told.
    ///   - job: What was given to the run: its file, or a checkpoint.
    ///   - resume: The command that goes on with it.
    ///   - clock: What the time of the end is taken from.
    init(_ options: NoticeOptions, job: String, resume: String, clock: SystemClock) {
        self.options = options
        self.job = job
        self.resume = resume
        self.clock = clock
    }

    func observe(_ event: RunEvent) {
        guard case .finished(let summary) = event else { return }
        self.summary.withLock { $0 = summary }
    }

    func began() async {
        await ping(\.start)
    }

    func ended(with status: ExitStatus) async {
        let summary = summary.withLock { $0 }
        // All is done and there is no summary: another run was faster and has the job, with notices of its own.
        guard status != .allDone || summary != nil else { return }
        let ending = RunEnding(
            job: job,
            status: status,
            summary: summary,
            unixMilliseconds: clock.unixMilliseconds(),
            resume: resume
        )
        writeMetrics(ending)
        await ping(status == .allDone ? \.success : \.failure)
        runCommand(ending)
    }

    private func ping(_ address: KeyPath<PingAddress, String>) async {
        guard let ping = options.ping.flatMap(PingAddress.init) else { return }
        if let problem = await PingAddress.call(ping[keyPath: address], limit: Self.pingLimit) {
            StandardError.note("the health check of --ping was not reached: \(problem)")
        }
    }

    private func writeMetrics(_ ending: RunEnding) {
        guard let path = options.metricsFile else { return }
        do {
            let text = RunMetrics.text(ending, before: WholeFile.read(path))
            // The exporter is another user.
            try WholeFile.write(text, to: path, mode: 0o644)
        } catch {
            StandardError.note("\(CommandFailure(error).message); the metrics of this run are not kept")
        }
    }

    private func runCommand(_ ending: RunEnding) {
        guard let command = options.onFinish else { return }
        var environment = ProcessInfo.processInfo.environment
        for name in Self.keyVariables { environment[name] = nil }
        environment.merge(ending.variables) { $1 }
        do {
            let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
            defer { close(input) }
            // Standard output is for data.
            let streams = [input, STDERR_FILENO, STDERR_FILENO]
            let status = try ChildProgram.run(["/bin/sh", "-c", command], environment, streams)
            if status != 0 {
                StandardError.note("the command of --on-finish ended with \(status)")
            }
        } catch {
            StandardError.note("the command of --on-finish was not run: \(CommandFailure(error).message)")
        }
    }
}
