internal import BatchCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The process that runs a job with a checkpoint.
package struct LockHolder: Sendable, Equatable {
    package let pid: Int32
    package let host: String
    /// RFC 3339, UTC.
    package let startedAt: String

    package init(pid: Int32, host: String, startedAt: String) {
        self.pid = pid
        self.host = host
        self.startedAt = startedAt
    }

    static var current: LockHolder {
        LockHolder(
            pid: System.processID,
            host: System.hostName,
            startedAt: Timestamp.rfc3339(unixMilliseconds: System.now)
        )
    }

    var text: String {
        "pid \(pid)\nhost \(host)\nstarted \(startedAt)\n"
    }

    init?(text: String) {
        var facts: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { return nil }
            facts[words[0]] = words[1]
        }
        guard let pid = facts["pid"].flatMap({ Int32($0) }), let host = facts["host"], let start = facts["started"]
        else { return nil }
        self.init(pid: pid, host: String(host), startedAt: String(start))
    }
}

/// The lock of a checkpoint, held until it is let go or its process ends, however that ends.
///
/// The file itself stays: removing it would let two processes lock two files of the same name.
final class CheckpointLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// - Parameter path: Of the checkpoint.
    /// - Throws: ``CheckpointError/Kind/inUse(_:)`` at once if another process holds it.
    init(forCheckpoint path: String) throws(CheckpointError) {
        let lockPath = Self.path(forCheckpoint: path)
        // Closed on exec, or a child would hold the lock on after our end.
        let opened = open(lockPath, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw CheckpointError(systemError: errno, operation: "open", path: lockPath) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(opened)
            guard reason == EWOULDBLOCK else {
                throw CheckpointError(systemError: reason, operation: "lock", path: lockPath)
            }
            throw Self.inUse(Self.readHolder(lockPath), path: path)
        }
        descriptor = Mutex(opened)
        let text = Array(LockHolder.current.text.utf8)
        // For the eyes of others; the lock holds without it, so a full disk does not matter here.
        _ = ftruncate(opened, 0)
        _ = pwrite(opened, text, text.count, 0)
    }

    deinit {
        release()
    }

    func release() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            // Closing alone would leave it with a child that was forked and has not yet become its program.
            flock(descriptor, LOCK_UN)
            close(descriptor)
            descriptor = -1
        }
    }

    /// Who holds the lock now; `nil` if nobody does.
    ///
    /// The lock is tried only if its last holder still lives, so that asking cannot get in the way of a start.
    static func holder(forCheckpoint path: String) -> LockHolder? {
        let lockPath = Self.path(forCheckpoint: path)
        guard let holder = readHolder(lockPath) else { return nil }
        if holder.host == System.hostName, kill(holder.pid, 0) != 0, errno == ESRCH { return nil }
        let descriptor = open(lockPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) == 0 ? nil : holder
    }

    /// The same, unless this process is the one.
    static func otherHolder(forCheckpoint path: String) -> LockHolder? {
        holder(forCheckpoint: path).flatMap { $0.pid == System.processID && $0.host == System.hostName ? nil : $0 }
    }

    private static func path(forCheckpoint path: String) -> String {
        path + ".lock"
    }

    private static func readHolder(_ lockPath: String) -> LockHolder? {
        let descriptor = open(lockPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? LockHolder(text: String(decoding: bytes[..<count], as: UTF8.self)) : nil
    }

    static func inUse(_ holder: LockHolder?, path: String) -> CheckpointError {
        let who = holder.map { "process \($0.pid) on \($0.host), since \($0.startedAt)" } ?? "another process"
        return CheckpointError(
            .inUse(holder),
            path: path,
            message: "\(path) is in use by \(who)",
            advice: "wait for it to end, or stop it and run the same command again"
        )
    }
}
