import Foundation
import Synchronization
import Testing

/// One execution of a program: its output as it arrives, signals to it, and its end.
///
/// It is killed when the test lets go of it, so that a test that fails leaves nothing behind.
final class Program: Sendable {
    /// How a process ended.
    struct Ending: Sendable, Equatable {
        /// What it gave to `exit`; `nil` if a signal ended it.
        var status: Int32?
        var signal: Int32?
        /// The most memory it held at any moment.
        var peakMemoryBytes: Int
    }

    /// What a stream of the program is connected to.
    enum Stream: Sendable {
        /// The test collects it.
        case collected
        /// A pipe whose other end is closed.
        case broken
        case file(String)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let pid: pid_t
    let output: CollectedOutput
    let errors: CollectedOutput
    private let process: ChildProcess
    private let input: Mutex<Int32?>

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - path: The file to execute.
    ///   - arguments: Without the name of the program.
    ///   - environment: All of it: nothing is inherited.
    ///   - folder: The working directory.
    ///   - input: What standard input holds; `nil` for nothing.
    ///   - holdsInputOpen: Whether standard input ends after `input`, or only with ``closeInput()``.
    ///   - output: Where standard output goes.
    ///   - errors: Where standard error goes.
    /// - Throws: A ``Failure`` if it cannot be started.
    init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String],
        folder: String,
        input: String? = nil,
        holdsInputOpen: Bool = false,
        output: Stream = .collected,
        errors: Stream = .collected
    ) throws {
        let standardInput = try Self.pipe()
        let standardOutput = try Self.open(output)
        let standardError = try Self.open(errors)
        defer {
            for descriptor in [standardInput.read, standardOutput.write, standardError.write] {
                close(descriptor)
            }
        }
        pid = try Self.spawn(
            path,
            arguments,
            environment: environment,
            folder: folder,
            streams: [standardInput.read, standardOutput.write, standardError.write]
        )
        process = ChildProcess(pid: pid)
        self.output = CollectedOutput(reading: standardOutput.read)
        self.errors = CollectedOutput(reading: standardError.read)
        self.input = Mutex(standardInput.write)
        if let input {
            // A thread, since the program may read later than the pipe is full.
            let descriptor = fcntl(standardInput.write, F_DUPFD_CLOEXEC, 0)
            Thread.detachNewThread {
                Self.write(input, to: descriptor)
                close(descriptor)
            }
        }
        if !holdsInputOpen {
            closeInput()
        }
    }

    deinit {
        closeInput()
        process.send(SIGKILL)
    }

    /// Sends a signal; a process that has ended gets none.
    func send(_ signal: Int32) {
        process.send(signal)
    }

    func closeInput() {
        input.withLock { descriptor in
            if let descriptor { close(descriptor) }
            descriptor = nil
        }
    }

    /// Waits for the end of the process and of its output.
    func ended() async -> Ending {
        await withTaskCancellationHandler {
            let ending = await process.ended()
            _ = await output.finished()
            _ = await errors.finished()
            return ending
        } onCancel: {
            process.send(SIGKILL)
        }
    }

    // MARK: Starting

    private static func spawn(
        _ path: String,
        _ arguments: [String],
        environment: [String: String],
        folder: String,
        streams: [Int32]
    ) throws -> pid_t {
        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #else
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (number, descriptor) in streams.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        // Signals as a shell would leave them, whatever the test runner has done to them.
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        // The shell is there for the folder, which not every system lets a spawn set, and becomes the program.
        let shell = "/bin/sh"
        let argv = ([shell, "-c", "cd \"$0\" && exec \"$@\"", folder, path] + arguments).map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for string in argv + envp { free(string) }
        }
        var pid = pid_t()
        let result = inheritance.withLock { _ in
            keepOwnFilesToOurselves()
            return posix_spawn(&pid, shell, &actions, &attributes, argv, envp)
        }
        guard result == 0 else {
            throw Failure(description: "cannot start \(path): \(String(cString: strerror(result)))")
        }
        return pid
    }

    /// What a shell starts has three files open; the test runner's would count against limits on descriptors.
    private static func keepOwnFilesToOurselves() {
        for descriptor in Int32(3)..<1024 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    private static func open(_ stream: Stream) throws -> (read: Int32?, write: Int32) {
        switch stream {
        case .collected:
            let ends = try pipe()
            return (ends.read, ends.write)
        case .broken:
            let ends = try pipe()
            close(ends.read)
            return (nil, ends.write)
        case .file(let path):
            let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Failure(description: "cannot open \(path)") }
            return (nil, descriptor)
        }
    }

    /// Held while a program is started, and while a descriptor is open that it might inherit.
    private static let inheritance = Mutex(())

    /// A pipe that no program inherits but by its number: another one that holds it open would hide its end.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        let result = inheritance.withLock { _ in
            let result = Foundation.pipe(&ends)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            return result
        }
        guard result == 0 else { throw Failure(description: "cannot make a pipe") }
        return (ends[0], ends[1])
    }

    private static func write(_ text: String, to descriptor: Int32) {
        // The program may end without reading; then nobody is there to write to.
        signal(SIGPIPE, SIG_IGN)
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// A child of the test and the thread that waits for its end.
private final class ChildProcess: Sendable {
    private struct State {
        var ending: Program.Ending?
        var waiting: [CheckedContinuation<Program.Ending, Never>] = []
    }

    private let pid: pid_t
    private let state = Mutex(State())

    init(pid: pid_t) {
        self.pid = pid
        Thread.detachNewThread { [self] in wait() }
    }

    /// Under the lock that the end is noted under: a number that the system may have given away gets no signal.
    func send(_ signal: Int32) {
        state.withLock { state in
            guard state.ending == nil else { return }
            kill(pid, signal)
        }
    }

    func ended() async -> Program.Ending {
        await withCheckedContinuation { continuation in
            let ending = state.withLock { state in
                if state.ending == nil { state.waiting.append(continuation) }
                return state.ending
            }
            if let ending { continuation.resume(returning: ending) }
        }
    }

    private func wait() {
        var peak = 0
        var hasEnded = false
        while !hasEnded {
            peak = max(peak, Self.peakMemory(pid))
            hasEnded = Self.waitForEnd(pid, milliseconds: 20)
        }
        let (ending, waiting) = state.withLock { state in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7F
            let ending = Program.Ending(
                status: signal == 0 ? (status >> 8) & 0xFF : nil,
                signal: signal == 0 ? nil : signal,
                peakMemoryBytes: peak
            )
            state.ending = ending
            defer { state.waiting = [] }
            return (ending, state.waiting)
        }
        for continuation in waiting {
            continuation.resume(returning: ending)
        }
    }

    /// Whether a child ends within a time; it stays a zombie until the lock is held.
    private static func waitForEnd(_ pid: pid_t, milliseconds: Int32) -> Bool {
        var info = siginfo_t()
        guard waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT | WNOHANG) == 0, info.si_signo == 0 else { return true }
        poll(nil, 0, milliseconds)
        return false
    }

    /// The most memory a living child has had, in bytes; 0 where the system does not tell.
    ///
    /// The accounts of ended children do not serve: they begin with what this process has, which spawned them.
    private static func peakMemory(_ pid: pid_t) -> Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 } ?? 0
    }
}
