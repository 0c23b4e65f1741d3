import BatchCore
import Foundation
import QuotaLedger
import SQLite
import TestSupport
import Testing

let noon: Int64 = 1_795_377_600_000  // 2026-11-22, 12:00 in California
let hour: Int64 = 3_600_000

func quota(_ model: String = "m", tier: String = "standard", account: String = "a1b2c3") -> QuotaName {
    QuotaName(account: account, model: model, tier: tier)
}

func use(
    requests: Int = 1,
    input: Int = 10,
    output: Int = 5,
    micro: Int64 = 100,
    unpriced: Int = 0,
    reserved: Int64 = 0
)
    -> QuotaUse
{
    QuotaUse(
        requests: requests,
        inputTokens: input,
        outputTokens: output,
        cost: CostSum(known: MicroDollars(micro), unpricedAttempts: unpriced),
        reserved: MicroDollars(reserved)
    )
}

extension LedgerChanges {
    init(_ changes: (LedgerChange, QuotaName)..., at now: Int64 = noon) {
        self.init()
        for (change, name) in changes {
            add(change, of: name, at: now)
        }
    }
}

/// A folder with a ledger in it, some folders down.
struct LedgerFixture {
    let directory: TemporaryDirectory
    var folder: String { directory.path + "/state/genbatch" }
    var path: String { folder + "/ledger.db" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    func open() throws -> Ledger {
        try Ledger(path: path)
    }

    /// As the `sqlite3` shell would see it.
    func value(_ sql: String) throws -> SQLiteValue {
        try Connection(path: path, mode: .readOnly).value(sql)
    }

    /// How many transactions have changed the file: its header counts them.
    func transactions() throws -> Int {
        let header = try #require(FileManager.default.contents(atPath: path)).prefix(28)
        return header.suffix(4).reduce(0) { $0 << 8 | Int($1) }
    }

    func permissions(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}
