internal import Terminal

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What a command was asked for, as text; on a terminal, what it would take for commands is shown instead of obeyed.
enum StandardOutput {
    /// Nobody reads any more, as after `| head`: there is nothing left to do, and nothing wrong.
    struct ReaderGone: Error {}

    /// - Throws: ``ReaderGone``, or ``CommandFailure`` if the text could not be written.
    static func write(_ text: String) throws {
        let output = TextOutput.standardOutput
        output.write(output.isTerminal ? TerminalText.escape(text) : text)
        switch output.failure {
        case nil: return
        case EPIPE: throw ReaderGone()
        case let code?:
            throw CommandFailure(
                .inputOutputError,
                "cannot write to standard output: \(String(cString: strerror(code))); make room or send it elsewhere"
            )
        }
    }
}
