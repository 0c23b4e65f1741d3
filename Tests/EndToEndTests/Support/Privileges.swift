import Foundation

/// What the tests may do on this machine; a test that needs more names it, and is reported as skipped with that.
enum Privileges {
    static let isRoot = geteuid() == 0
    /// Whether a mount namespace of one's own can be made, with or without root.
    static let canMount = succeeds("unshare -Urm sh -c 'mount -t tmpfs tmpfs /mnt'")
    /// Whether a file can be mounted as a disk, in a mount namespace of its own.
    static let canMountImages =
        isRoot
        && succeeds(
            """
            f=$(mktemp) && truncate -s 8M $f && mkfs.ext4 -q -b 1024 $f \
                && unshare -m sh -c "mount -o loop $f /mnt"; status=$?; rm -f $f; exit $status
            """
        )
    /// Whether files can be made immutable, which the file system of the tests has to know.
    static let canMakeImmutable =
        isRoot && succeeds("f=$(mktemp) && chattr +i $f && chattr -i $f; status=$?; rm -f $f; exit $status")
    static let hasSystemdAnalyze = succeeds("command -v systemd-analyze")
    static let canFakeTime = succeeds("command -v faketime")
    /// Whether the monotonic clock can be set, in a namespace of its own.
    static let canSetBootTime = succeeds("unshare -T --boottime 86400 --monotonic 86400 --fork true")
    /// Whether a cron can be run that has nothing to do with that of the machine.
    static let canRunCron =
        isRoot
        && succeeds(
            "command -v cron && command -v crontab && unshare -m sh -c 'mount -t tmpfs tmpfs /run && mount --bind /etc /mnt'"
        )
    static let canLimitMemory = isRoot && MemoryGroup.root != nil

    private static func succeeds(_ script: String) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "PATH=$PATH:/usr/sbin:/sbin; \(script)"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

/// A group of processes with a limit of memory, which the kernel kills at it.
final class MemoryGroup: Sendable {
    /// Where groups are made; `nil` if this machine has none, or they may not be made.
    static let root: (path: String, limit: String)? = {
        for (path, limit) in [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"),
        ] {
            let trial = "\(path)/genbatch-trial-\(getpid())"
            guard mkdir(trial, 0o755) == 0 else { continue }
            defer { rmdir(trial) }
            if access("\(trial)/\(limit)", W_OK) == 0 { return (path, limit) }
        }
        return nil
    }()

    let path: String

    /// - Parameter bytes: The most that all processes of the group may have.
    /// - Throws: If no group can be made.
    init(limit bytes: Int) throws {
        guard let root = Self.root else { throw Program.Failure(description: "no groups with a limit of memory") }
        path = "\(root.path)/genbatch-test-\(UUID().uuidString)"
        guard mkdir(path, 0o755) == 0 else { throw Program.Failure(description: "cannot make \(path)") }
        try "\(bytes)".write(toFile: "\(path)/\(root.limit)", atomically: false, encoding: .utf8)
    }

    deinit {
        rmdir(path)
    }
}
