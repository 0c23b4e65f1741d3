import Foundation
import JSON
import Testing

/// Fault matrix, rows F13, F14, F19, F20, F24 and F25: disks that are full in odd ways, slow, locked or far away.
@Suite("Disks of many kinds", .serialized, .timeLimit(.minutes(3)))
struct DiskTests {
    private static let job = """
        model: m
        limits: {concurrency: 8}
        inputs: [{jsonl: rows.jsonl}]
        prompt: Tell me of number {{n}}.
        id: "{{n}}"
        """

    private func workspace(_ simulator: SimulatorProgram, items: Int) throws -> Workspace {
        let work = try Workspace(simulator, job: Self.job)
        try work.write((1...items).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        return work
    }

    private func events(_ text: String) throws -> [JSONValue] {
        try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    // Fault matrix: F13.
    @Test(
        "a full disk with small blocks is refused, and one that fills up meanwhile stops the run, without a signal",
        .enabled(if: Privileges.canMountImages, "F13 needs root, loop devices and mkfs.ext4")
    )
    func smallBlocks() async throws {
        let simulator = try await SimulatorProgram(["--chunks", "20", "--first-chunk-latency", "20ms"])
        let work = try workspace(simulator, items: 300)
        // The index of the log is mapped: with blocks of 1 KiB, three quarters of each of its pages may have no room.
        let script = """
            truncate -s 48M img && mkfs.ext4 -q -b 1024 img && mkdir m && mount -o loop img m || exit 99
            $GB run job.yaml --db m/a.db --json --limit 20 > 1.jsonl 2> 1.txt; echo "first $?"
            dd if=/dev/zero of=m/ballast bs=1k 2> dd.txt
            $GB run job.yaml --db m/a.db --json > 2.jsonl 2> 2.txt; echo "full $?"
            $GB status m/a.db > status.txt; echo "status $?"
            rm m/ballast
            mkfifo events
            { head -n 30 > /dev/null; dd if=/dev/zero of=m/ballast bs=1k 2> dd.txt; cat > /dev/null; } < events &
            $GB run job.yaml --db m/a.db --json 2> 3.txt | tee 3.jsonl > events; echo "filling"
            wait
            rm m/ballast
            $GB run job.yaml --db m/a.db --json > 4.jsonl 2> 4.txt; echo "last $?"
            cp m/a.db copy.db
            """
        let all = try await work.shell("exec unshare -m sh -c '\(script)'")
        #expect(all.output == "first 75\nfull 74\nstatus 0\nfilling\nlast 0\n", "\(all.errors)")
        let refusal = try work.read("2.txt")
        #expect(refusal.contains("are left free for safety"), "\(refusal)")
        #expect(try work.read("2.jsonl").contains("item_start") == false)
        let third = try events(try work.read("3.jsonl"))
        let stop = try work.read("3.txt")
        #expect(third.last?["exit_code"]?.int64 == 74, "\(stop)")

        var invariants = Invariants(work, simulator, database: "copy.db")
        for (number, status) in [("1", 75), ("2", 74), ("3", 74), ("4", 0)] as [(String, Int32)] {
            try invariants.note(
                events: events(try work.read("\(number).jsonl")),
                status: status,
                errors: try work.read("\(number).txt")
            )
        }
        try await invariants.finish(items: 300, "--db", "copy.db")
    }

    // Fault matrix: F14.
    @Test(
        "a disk that takes no more files is a full disk",
        .enabled(if: Privileges.canMount, "F14 needs a mount namespace (unshare -Urm)")
    )
    func noInodes() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 3)
        // The root, the lock and the database: none is left for the log.
        let script = """
            mkdir s && mount -t tmpfs -o nr_inodes=3 tmpfs s || exit 99
            $GB run job.yaml --db s/a.db --json > first.jsonl 2> first.txt; echo "first $?"
            mount -o remount,nr_inodes=100 s
            $GB run job.yaml --db s/a.db --json > second.jsonl 2> second.txt; echo "second $?"
            cp s/a.db copy.db
            """
        let both = try await work.shell("exec unshare -Urm sh -c '\(script)'")
        #expect(both.output == "first 74\nsecond 0\n", "\(both.errors)")
        let refusal = try work.read("first.txt")
        #expect(refusal.contains("no more files"), "\(refusal)")
        var invariants = Invariants(work, simulator, database: "copy.db")
        try invariants.note(
            events: events(try work.read("first.jsonl")),
            status: 74,
            errors: try work.read("first.txt")
        )
        try invariants.note(events: events(try work.read("second.jsonl")), status: 0, errors: "")
        try await invariants.finish(items: 3, "--db", "copy.db")
    }

    // Fault matrix: F19.
    @Test("a slow disk holds up nothing but itself: streams go on, and commits are grouped")
    func slowDisk() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "20ms", "--chunk-interval", "10ms"])
        let work = try workspace(simulator, items: 64)
        let run = try await work.shell(
            "exec strace -f -o trace.txt -e trace=fdatasync,fsync -e inject=fdatasync,fsync:delay_enter=200000"
                + " $GB run job.yaml --json --concurrency 32"
        )
        #expect(run.status == 0, "\(run.errors)")
        let synchronizations = try work.read("trace.txt").split(separator: "\n").count { $0.contains("sync(") }
        // Each item is begun and recorded: one by one that would be 128.
        #expect(synchronizations < 64, "\(synchronizations)")
        #expect(try simulator.peakStreams() > 8)
        // Nobody waits longer for the disk than there are requests in flight.
        #expect(try simulator.peakStreams() <= 32)
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try await invariants.finish(items: 64)
        #expect(try simulator.totals().requests == 64)
    }

    // Fault matrix: F20.
    @Test(
        "a checkpoint that may not be changed is refused before the first request, and can be read",
        .enabled(if: Privileges.canMakeImmutable, "F20 needs root and a file system that knows chattr +i")
    )
    func immutableFile() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 3)
        var invariants = Invariants(work, simulator)
        try invariants.note(try await work.genbatch("run", "job.yaml", "--json", "--limit", "1"))
        let all = try await work.shell(
            """
            chattr +i .genbatch/job.db || exit 99
            $GB run job.yaml 2> run.txt; echo "run $?"
            $GB status job.yaml > status.txt; echo "status $?"
            $GB export job.yaml > export.jsonl; echo "export $?"
            chattr -i .genbatch/job.db
            """
        )
        #expect(all.output == "run 78\nstatus 0\nexport 0\n", "\(all.errors)")
        #expect(try work.read("run.txt").contains("may not be written"))
        #expect(try work.read("export.jsonl").split(separator: "\n").count == 1)
        #expect(try simulator.totals().requests == 1)
        try await invariants.finish(items: 3)
    }

    // Fault matrix: F24.
    @Test(
        "a network file system is refused before anything is made there, unless it is allowed",
        arguments: [
            ("6969000000000000", "NFS"), ("424d53fe00000000", "SMB"), ("9719020100000000", "9p"),
            ("4655736500000000", "FUSE"),
        ]
    )
    func networkFileSystem(magic: String, name: String) async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 3)
        // The system's answer is changed on its way: such a file system itself would need a server.
        let trace = "strace -f -o /dev/null -e trace=statfs -e inject=statfs:poke_exit=@arg2=\(magic)"
        let run = try await work.shell("exec \(trace) $GB run job.yaml --json")
        #expect(run.status == 78, "\(run.errors)")
        #expect(run.errors.contains("is on a network file system (\(name))"), "\(run.errors)")
        #expect(run.errors.contains("--allow-network-fs"))
        #expect(!work.exists(".genbatch"))
        #expect(try simulator.totals().requests == 0)
        let doctor = try await work.shell("exec \(trace) $GB doctor job.yaml --offline")
        #expect(doctor.status == 78, "\(doctor.errors)")
        #expect(doctor.output.contains("fail  disk"), "\(doctor.output)")

        let allowed = try await work.shell("exec \(trace) $GB run job.yaml --json --limit 1 --allow-network-fs")
        #expect(allowed.status == 75, "\(allowed.errors)")
        // What it proposes to type next works there too.
        #expect(allowed.errors.contains("genbatch resume job.yaml --allow-network-fs"), "\(allowed.errors)")
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try invariants.note(allowed)
        try await invariants.finish(items: 3)
    }

    // Fault matrix: F25.
    @Test("an export whose writes fail says so")
    func failingExport() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 3)
        var invariants = Invariants(work, simulator)
        try invariants.note(try await work.genbatch("run", "job.yaml", "--json"))
        let export = try await work.shell(
            "exec strace -f -o /dev/null -P out.jsonl -e trace=write -e inject=write:error=EIO"
                + " $GB export job.yaml > out.jsonl"
        )
        #expect(export.status == 74, "\(export.errors)")
        #expect(export.errors.contains("Input/output error"), "\(export.errors)")
        try await invariants.finish(items: 3)
    }
}
