internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file descriptor that progress is written to, and that may vanish at any time.
///
/// Paid work never ends because nobody reads about it: after the first error (a closed pipe, a terminal that hung up, a
/// full disk) everything written is dropped. The descriptor stays the caller's, who closes it.
package final class TextOutput: Sendable {
    private let descriptor: Int32
    /// The `errno` of the write that failed; 0 while none has.
    private let brokenBy = Atomic<Int32>(0)

    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    package static let standardOutput = TextOutput(descriptor: STDOUT_FILENO)
    package static let standardError = TextOutput(descriptor: STDERR_FILENO)

    package var isTerminal: Bool { isatty(descriptor) == 1 }

    /// The size of the terminal at this moment; 80 × 24 where it does not say.
    package var size: TerminalSize {
        var window = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
            return TerminalSize()
        }
        return TerminalSize(columns: Int(window.ws_col), rows: Int(window.ws_row))
    }

    /// Whether another job of the shell has the terminal, so that drawing would disturb it.
    package var isInBackground: Bool {
        let foreground = tcgetpgrp(descriptor)
        return foreground > 0 && foreground != getpgrp()
    }

    /// Why nothing can be written any more, as `errno` has it; `nil` while everything arrives.
    package var failure: Int32? {
        let code = brokenBy.load(ordering: .relaxed)
        return code == 0 ? nil : code
    }

    package func write(_ text: String) {
        var text = text
        text.withUTF8 { write($0) }
    }

    package func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { write($0) }
    }

    /// Makes writing to a closed pipe an error instead of the end of the process.
    ///
    /// It holds for the whole process, as a broken pipe must not stop paid work anywhere.
    package static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    private func write(_ bytes: UnsafeBufferPointer<UInt8>) {
        var rest = bytes[...]
        while !rest.isEmpty, brokenBy.load(ordering: .relaxed) == 0 {
            #if canImport(Glibc)
                let count = Glibc.write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
            #else
                let count = Darwin.write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
            #endif
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Another program made the shared descriptor non-blocking.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, -1)
            } else if errno != EINTR {
                brokenBy.store(errno, ordering: .relaxed)
            }
        }
    }
}

/// The size of a terminal in characters.
package struct TerminalSize: Sendable, Equatable {
    package var columns = 80
    package var rows = 24
}
