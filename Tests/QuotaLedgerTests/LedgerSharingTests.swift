import BatchCore
import Foundation
import QuotaLedger
import SQLite
import TestSupport
import Testing

@Suite("A ledger that several processes write", .timeLimit(.minutes(2)))
struct LedgerSharingTests {
    @Test("of what processes and threads write at once nothing is lost, from the making of the file on")
    func losesNothing() async throws {
        let fixture = try LedgerFixture()
        await withTaskGroup(of: Void.self) { group in
            for process in 0..<4 {
                group.addTask {
                    await #expect(processExitsWith: .success) {
                        [path = fixture.path as String, process = process as Int] in
                        await withThrowingTaskGroup(of: Void.self) { threads in
                            for _ in 0..<2 {
                                threads.addTask {
                                    let ledger = try Ledger(path: path)
                                    for _ in 0..<50 {
                                        try ledger.apply(
                                            LedgerChanges(
                                                (.used(use()), quota()),
                                                (.used(use()), quota("own-\(process)"))
                                            )
                                        )
                                    }
                                }
                            }
                            await #expect(throws: Never.self) { try await threads.waitForAll() }
                        }
                    }
                }
            }
        }
        let ledger = try fixture.open()
        #expect(
            try ledger.knowledge(of: quota(), at: noon).today
                == use(requests: 400, input: 4000, output: 2000, micro: 40_000)
        )
        for process in 0..<4 {
            #expect(try ledger.knowledge(of: quota("own-\(process)"), at: noon).today.requests == 100)
        }
        #expect(try ledger.totals(at: noon).today.requests == 800)
        #expect(try fixture.value("PRAGMA integrity_check") == "ok")
    }

    @Test("a process that is killed while it writes leaves whole transactions, and no lock")
    func survivesKills() async throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        for round in 1...5 {
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = fixture.path as String, round = round as Int] in
                let ledger = try Ledger(path: path)
                try ledger.apply(LedgerChanges((.used(use()), quota()), (.used(use()), quota("n"))))
                Thread.detachNewThread {
                    // The journal is there while a transaction is being written.
                    var status = stat()
                    var seen = 0
                    while seen < round * 3 {
                        if stat(path + "-journal", &status) == 0, status.st_size > 0 { seen += 1 }
                    }
                    kill(getpid(), SIGKILL)
                }
                while true {
                    try ledger.apply(LedgerChanges((.used(use()), quota()), (.used(use()), quota("n"))))
                }
            }
            let first = try ledger.knowledge(of: quota(), at: noon).today
            #expect(first.requests > 0)
            #expect(try ledger.knowledge(of: quota("n"), at: noon).today == first)
            try ledger.apply(LedgerChanges((.used(use()), quota()), (.used(use()), quota("n"))))
        }
        #expect(try fixture.value("PRAGMA integrity_check") == "ok")
    }
}
