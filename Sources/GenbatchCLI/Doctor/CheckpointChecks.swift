internal import Checkpointing
internal import Terminal

/// What there is to say about a checkpoint and its place.
enum CheckpointChecks {
    static func all(_ path: String) -> [Finding] {
        let examined = CheckpointExamination(path: path)
        return place(examined) + [contents(examined)] + permissions(examined) + neighbours(examined)
    }

    private static func place(_ examined: CheckpointExamination) -> [Finding] {
        guard let freeBytes = examined.freeBytes else { return [] }
        var findings: [Finding] = []
        if let name = examined.networkFileSystem {
            findings.append(
                .fail(
                    "disk",
                    "\(examined.path) is on a network file system (\(name)), where a checkpoint can be damaged",
                    advice: "keep it on a disk of this machine with --db"
                )
            )
        }
        let free = "\(Figures.bytes(freeBytes)) free"
        if freeBytes < examined.floor {
            findings.append(
                .fail(
                    "space",
                    "\(free), and a run leaves \(Figures.bytes(examined.floor)) free for safety",
                    advice: "make room"
                )
            )
        } else if freeBytes < 4 * examined.floor {
            findings.append(.warn("space", free, advice: "make room before a large job"))
        } else {
            findings.append(.ok("space", free))
        }
        return findings
    }

    private static func contents(_ examined: CheckpointExamination) -> Finding {
        if examined.lacksLog {
            return .warn(
                "checkpoint",
                "\(examined.path) was in use when it was last written, and its log (\(examined.path)-wal) is not here",
                advice: "a copy made with cp lacks what was committed last: use `genbatch backup` for copies"
            )
        }
        if let failure = examined.failure {
            guard failure.kind == .missing else {
                return .fail("checkpoint", failure.message, advice: failure.advice)
            }
            return .ok("checkpoint", "none yet at \(examined.path)")
        }
        if let damage = examined.damage {
            return .fail(
                "checkpoint",
                "\(examined.path) is damaged: \(damage)",
                advice: "restore it from a backup, or recover what is readable: "
                    + "genbatch salvage \(ShellWord.quoted(examined.path)) -o salvaged.db"
            )
        }
        let holder = examined.status?.lockHolder.map { ", in use by process \($0.pid) on \($0.host)" } ?? ""
        return .ok(
            "checkpoint",
            "\(examined.path) is whole: \(Figures.count(examined.status?.total ?? 0, "item"))\(holder)"
        )
    }

    private static func permissions(_ examined: CheckpointExamination) -> [Finding] {
        guard let mode = examined.fileMode else { return [] }
        guard examined.mayWrite else {
            return [
                .warn("rights", "\(examined.path) may be read, but not run", advice: "check its owner and its folder's")
            ]
        }
        guard mode & 0o077 == 0 else {
            return [
                .warn(
                    "rights",
                    "others on this machine may read \(examined.path) (\(String(mode, radix: 8)))",
                    advice: "chmod 600 \(ShellWord.quoted(examined.path))"
                )
            ]
        }
        let folder = examined.folderMode.map { String($0, radix: 8) } ?? "?"
        return [.ok("rights", "file \(String(mode, radix: 8)), folder \(folder)")]
    }

    private static func neighbours(_ examined: CheckpointExamination) -> [Finding] {
        var findings = examined.neighbours.compactMap { file -> Finding? in
            switch file.kind {
            case .backup: nil
            case .partial:
                .warn(
                    "leftover",
                    "\(file.path) is half of a file that was cut short",
                    advice: "rm \(ShellWord.quoted(file.path))"
                )
            case .rescue:
                .warn(
                    "rescue",
                    "\(file.path) holds answers that the checkpoint could not take",
                    advice: "keep it until you have what you need of them"
                )
            }
        }
        let backups = examined.neighbours.filter { $0.kind == .backup }
        if !backups.isEmpty {
            let bytes = Figures.bytes(backups.reduce(0) { $0 + $1.bytes })
            findings.append(.ok("backups", "\(Figures.count(backups.count, "file")) beside it, \(bytes)"))
        }
        return findings
    }
}
