internal import Terminal

/// Messages to the user; what a terminal would take for commands is shown as text.
enum StandardError {
    static func write(_ text: String) {
        let output = TextOutput.standardError
        output.write(output.isTerminal ? TerminalText.escape(text) : text)
    }

    static func note(_ text: String) {
        write("genbatch: \(text)\n")
    }
}
