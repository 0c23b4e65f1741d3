internal import BatchCore
internal import JSON

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Answers that no checkpoint can take any more, one JSON object per line, beside where it was.
struct RescueFile: ~Copyable {
    let path: String
    private let descriptor: Int32

    /// - Parameter checkpoint: The file that is gone; its folder is made again if it went with it.
    /// - Throws: A ``CheckpointError`` if no file can be made there.
    init(beside checkpoint: CheckpointFile) throws(CheckpointError) {
        try checkpoint.createFolder()
        let path = "\(checkpoint.path).rescue-\(System.now).jsonl"
        let opened = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_APPEND, 0o600)
        guard opened >= 0 else { throw CheckpointError(systemError: errno, operation: "create", path: path) }
        self.path = path
        descriptor = opened
    }

    deinit {
        close(descriptor)
    }

    /// Writes what an outcome answered, if it did, through to the disk.
    func append(_ outcome: ItemOutcome, key: String) throws(CheckpointError) {
        guard let attempt = outcome.attempt, case .answered(let answer) = attempt.result else { return }
        var writer = JSONWriter(reserving: answer.text.utf8.count + 512)
        writer.object { writer in
            writer.member("key", key)
            writer.member("state", outcome.state.rawValue)
            writer.member("attempt", attempt.number)
            writer.member("turn", attempt.turn)
            writer.member("text", answer.text)
            writer.key("parts")
            writer.literal(answer.parts)
            writer.member("finish_reason", answer.finishReason)
            if let modelVersion = answer.modelVersion { writer.member("model_version", modelVersion) }
            if let responseID = answer.responseID { writer.member("response_id", responseID) }
            writer.key("usage")
            write(answer.usage, to: &writer)
            writer.member("started_at", Timestamp.rfc3339(unixMilliseconds: attempt.timings.startedAtMilliseconds))
            writer.member("duration_ms", attempt.timings.total.milliseconds)
        }
        try write(writer.bytes + [UInt8(ascii: "\n")])
    }

    private func write(_ usage: TokenUsage, to writer: inout JSONWriter) {
        writer.object { writer in
            if let count = usage.promptTokens { writer.member("input_tokens", count) }
            if let count = usage.outputTokens { writer.member("output_tokens", count) }
            if let count = usage.thoughtTokens { writer.member("reasoning_output_tokens", count) }
            if let count = usage.cachedTokens { writer.member("cache_read_input_tokens", count) }
            if let count = usage.toolUseTokens { writer.member("tool_use_input_tokens", count) }
            if let count = usage.totalTokens { writer.member("total_tokens", count) }
        }
    }

    private func write(_ bytes: [UInt8]) throws(CheckpointError) {
        var start = 0
        while start < bytes.count {
            let written = bytes[start...].withUnsafeBytes { writeBytes(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else {
                if written < 0, errno == EINTR { continue }
                throw CheckpointError(systemError: errno, operation: "write", path: path)
            }
            start += written
        }
        guard fsync(descriptor) == 0 else {
            throw CheckpointError(systemError: errno, operation: "synchronize", path: path)
        }
    }
}

/// The system's `write`, which the methods of that name here would hide.
private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
