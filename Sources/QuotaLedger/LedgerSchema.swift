internal import SQLite

/// The tables of the ledger; docs/ledger.md explains them to users.
enum LedgerSchema {
    /// `gbql` in ASCII, at offset 68 of the file.
    static let applicationID: Int32 = 0x6762_716C

    /// Appended, never edited once released.
    static let migrations = [Migration(version1), Migration(version2)]

    static let migrator = Migrator(applicationID: applicationID, migrations: migrations)

    private static let version1 = """
        -- What was learned of a quota.
        CREATE TABLE quota (
            account TEXT NOT NULL,            -- a hash: whose key or sign-in, and which server
            model TEXT NOT NULL,
            tier TEXT NOT NULL,               -- standard, flex or priority
            requests_per_minute REAL,         -- the pace that was kept up last; NULL: none was found out
            tokens_per_minute REAL,           -- the same for input tokens
            pace_learned_at_ms INTEGER,       -- Unix time in milliseconds, as everywhere
            requests_per_day INTEGER,         -- the limit that the server named
            daily_limit_learned_at_ms INTEGER,
            spent_until_ms INTEGER,           -- until when nothing is let through; may be long past
            PRIMARY KEY (account, model, tier)
        ) STRICT, WITHOUT ROWID;

        -- What all jobs of this machine used of a quota in one day, from midnight to midnight in California.
        CREATE TABLE daily_use (
            day TEXT NOT NULL,                -- for example 2026-11-22
            account TEXT NOT NULL,
            model TEXT NOT NULL,
            tier TEXT NOT NULL,
            requests INTEGER NOT NULL,        -- that were sent, whatever came of them
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,   -- with thoughts
            cost_microdollars INTEGER NOT NULL,  -- millionths of a US dollar, as far as it is known
            unpriced_requests INTEGER NOT NULL,  -- requests whose cost is not known, and not in the sum
            PRIMARY KEY (day, account, model, tier)
        ) STRICT, WITHOUT ROWID;

        -- What was spent on each day.
        CREATE VIEW spending AS
        SELECT
            day, sum(cost_microdollars) / 1e6 AS cost_usd, sum(requests) AS requests,
            sum(unpriced_requests) AS unpriced_requests
        FROM daily_use
        GROUP BY day
        ORDER BY day;
        """

    private static let version2 = """
        -- What counts under caps beyond cost_microdollars, as requests may have cost it.
        ALTER TABLE daily_use ADD COLUMN reserved_microdollars INTEGER NOT NULL DEFAULT 0;

        DROP VIEW spending;
        CREATE VIEW spending AS
        SELECT
            day, sum(cost_microdollars) / 1e6 AS cost_usd, sum(requests) AS requests,
            sum(unpriced_requests) AS unpriced_requests, sum(reserved_microdollars) / 1e6 AS reserved_usd
        FROM daily_use
        GROUP BY day
        ORDER BY day;
        """
}
