internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Another program, run to its end.
enum ChildProgram {
    struct Outcome {
        /// As a shell has it: 128 and the number of the signal that ended it.
        let status: Int32
        let output: [UInt8]
        let errors: String
    }

    /// Runs a program that is looked for in `PATH` and keeps what it writes.
    ///
    /// - Parameters:
    ///   - words: Its name and arguments.
    ///   - input: What standard input holds.
    /// - Returns: How it ended, and what it wrote.
    /// - Throws: A ``CommandFailure`` if it cannot be started.
    static func run(_ words: [String], input: [UInt8] = []) throws -> Outcome {
        // Files, not pipes: a program that writes before it has read must not wait for us, nor we for it.
        guard let (standardInput, output, errors) = temporaryFiles() else {
            let reason = String(cString: strerror(errno))
            throw CommandFailure(.cannotCreateOutput, "cannot make a temporary file: \(reason)")
        }
        defer {
            for file in [standardInput, output, errors] { fclose(file) }
        }
        fwrite(input, 1, input.count, standardInput)
        rewind(standardInput)
        var environment = ProcessInfo.processInfo.environment
        // Its messages are looked at.
        environment["LC_ALL"] = "C"
        let status = try run(words, environment, [fileno(standardInput), fileno(output), fileno(errors)])
        return Outcome(
            status: status,
            output: contents(output),
            errors: String(decoding: contents(errors), as: UTF8.self)
        )
    }

    /// Runs a program with streams of this one.
    ///
    /// - Parameters:
    ///   - words: Its name and arguments.
    ///   - environment: All of it.
    ///   - streams: What its descriptors from 0 on are.
    /// - Returns: How it ended.
    /// - Throws: A ``CommandFailure`` if it cannot be started.
    static func run(_ words: [String], _ environment: [String: String], _ streams: [Int32]) throws -> Int32 {
        let (pid, code) = spawn(words, environment, streams)
        guard code == 0 else {
            throw CommandFailure(
                .unusableConfiguration,
                "cannot start \(words.first ?? ""): \(String(cString: strerror(code)))"
            )
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    private static func spawn(
        _ words: [String],
        _ environment: [String: String],
        _ streams: [Int32]
    ) -> (pid: pid_t, code: Int32) {
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
        // What this program ignores, such as closed pipes, others may rely on.
        var ignored = sigset_t()
        sigemptyset(&ignored)
        for signal in [SIGPIPE, SIGXFSZ, SIGINT, SIGTERM] { sigaddset(&ignored, signal) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &ignored)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        let argv = words.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for string in argv + envp { free(string) }
        }
        var pid = pid_t()
        let code = posix_spawnp(&pid, words[0], &actions, &attributes, argv, envp)
        return (pid, code)
    }

    private typealias File = UnsafeMutablePointer<FILE>

    private static func temporaryFiles() -> (File, File, File)? {
        guard let first = tmpfile() else { return nil }
        guard let second = tmpfile() else {
            fclose(first)
            return nil
        }
        guard let third = tmpfile() else {
            fclose(first)
            fclose(second)
            return nil
        }
        return (first, second, third)
    }

    private static func contents(_ file: File) -> [UInt8] {
        rewind(file)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }
}
