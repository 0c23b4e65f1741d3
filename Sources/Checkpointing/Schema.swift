internal import SQLite

/// The tables of a checkpoint; docs/checkpoint.md explains them to users.
enum Schema {
    /// `gbat` in ASCII, at offset 68 of the file: what `file` and we tell a checkpoint by.
    static let applicationID: Int32 = 0x6762_6174

    /// Appended, never edited once released.
    static let migrations = [Migration(version1)]

    static let migrator = Migrator(applicationID: applicationID, migrations: migrations)

    // `CHECK` spells out each value: for `IN` SQLite builds a table anew for every row that is written.
    private static let version1 = """
        -- The job that this checkpoint belongs to; one row.
        CREATE TABLE job (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            name TEXT NOT NULL,
            path TEXT NOT NULL,              -- of the job file
            folder TEXT NOT NULL,            -- where the paths in it start
            yaml TEXT NOT NULL,              -- the job file itself, so that the checkpoint can be resumed alone
            created_at_ms INTEGER NOT NULL,  -- Unix time in milliseconds, as everywhere
            updated_at_ms INTEGER NOT NULL,  -- when the items were last compared with the job
            plan BLOB NOT NULL CHECK (length(plan) = 32),  -- hash of all items of the job, whatever their order
            shard_count INTEGER NOT NULL,    -- how many parts the job is run in; 1: in one piece
            shards TEXT NOT NULL,            -- JSON array: which of them are here, from 0
            inputs BLOB                      -- hash of the names, sizes and times of the files read; NULL: read again
        ) STRICT;

        -- One execution of the program over the job.
        CREATE TABLE run (
            id INTEGER PRIMARY KEY,
            started_at_ms INTEGER NOT NULL,
            ended_at_ms INTEGER,             -- NULL while it runs, and for ever if it was killed
            ending TEXT,                     -- completed, limit_reached, out_of_time, interrupted or stopped
            message TEXT,                    -- why it was stopped
            version TEXT NOT NULL,           -- of genbatch
            host TEXT NOT NULL,
            pid INTEGER NOT NULL,
            done INTEGER,                    -- items finished in this run, by what became of them
            failed INTEGER,
            deferred INTEGER,
            interrupted INTEGER,
            requests INTEGER,
            retries INTEGER,
            lost INTEGER NOT NULL DEFAULT 0  -- requests that were in flight when it died
        ) STRICT;

        -- What many items share: the model and how it is asked.
        CREATE TABLE variant (
            id INTEGER PRIMARY KEY,
            model TEXT NOT NULL,
            system_instruction TEXT,
            config TEXT NOT NULL,            -- JSON object, names as in the job file
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32)
        ) STRICT;

        -- One prompt or one conversation: the unit of success or failure.
        CREATE TABLE item (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,        -- the id of the job file, or a hash of the content
            position INTEGER,                -- grows in the order of the job, gaps mean nothing; NULL: no longer in the job
            state TEXT NOT NULL CHECK (state = 'pending' OR state = 'done' OR state = 'failed' OR state = 'deferred'),
            generation INTEGER NOT NULL,     -- 1, and 1 more each time the content under this key has changed
            attempts INTEGER NOT NULL,       -- requests sent for it, in all runs, without one that is in flight
            variant_id INTEGER NOT NULL REFERENCES variant (id),
            fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),  -- SHA-256 of the canonical request
            origin TEXT NOT NULL             -- file:line
        ) STRICT;
        CREATE INDEX item_by_state ON item (state, position);

        -- What an item says; apart from its state, so that a change of state does not write long texts again.
        CREATE TABLE prompt (
            item_id INTEGER PRIMARY KEY REFERENCES item (id),
            plain_bytes INTEGER,             -- of the text, if that is all there is; NULL: several turns, or media
            turns TEXT NOT NULL,             -- JSON array of {text, media}: what the user says, in order
            input TEXT NOT NULL,             -- JSON object: what the templates saw
            checks TEXT                      -- JSON object: what is wanted of its answers over what the job says; NULL: nothing
        ) STRICT;

        -- The items that a request is in flight for, noted before it is sent: `running` in the views. What a run leaves
        -- here when it dies is noted as lost by the next one. A table of its own, as it stays as small as one page.
        CREATE TABLE in_flight (
            item_id INTEGER PRIMARY KEY REFERENCES item (id),
            run_id INTEGER REFERENCES run (id),
            reserved_microdollars INTEGER,   -- what it counts as under caps if it is lost; NULL: nothing is capped
            reserved_tokens INTEGER
        ) STRICT;

        -- Every request that was sent.
        CREATE TABLE attempt (
            id INTEGER PRIMARY KEY,
            item_id INTEGER NOT NULL REFERENCES item (id),
            generation INTEGER NOT NULL,     -- of the item when it was sent
            variant_id INTEGER NOT NULL REFERENCES variant (id),
            run_id INTEGER REFERENCES run (id),
            number INTEGER NOT NULL,         -- from 1, over all runs
            turn INTEGER NOT NULL,           -- of the conversation, from 0
            repair INTEGER NOT NULL DEFAULT 0,  -- 1: told the model what was wrong with the answer before
            status TEXT NOT NULL CHECK (
                status = 'answered' OR status = 'failed' OR status = 'interrupted' OR status = 'lost'
            ),
            started_at_ms INTEGER,           -- NULL for a lost one: the program died while it was in flight
            first_chunk_ms INTEGER,          -- from its start to the first piece of the answer
            duration_ms INTEGER,
            class TEXT,                      -- of the failure
            http_status INTEGER,
            message TEXT,
            retry_delay_ms INTEGER,          -- the wait that the server asked for
            quota_id TEXT,
            quota_value INTEGER,
            partial_text TEXT,               -- what came before the failure; never an answer
            possibly_billed INTEGER NOT NULL CHECK (possibly_billed = 0 OR possibly_billed = 1),
            input_tokens INTEGER,            -- counts as the server told them; NULL is unknown, not 0
            output_tokens INTEGER,           -- the visible output
            reasoning_output_tokens INTEGER, -- thoughts, on top of output_tokens and billed like them
            cache_read_input_tokens INTEGER, -- the part of input_tokens that came from a cache
            tool_use_input_tokens INTEGER,
            total_tokens INTEGER,
            service_tier TEXT,               -- that it was served in, as far as the server told
            cost_microdollars INTEGER,       -- millionths of a US dollar; NULL is unknown, not 0
            reserved_microdollars INTEGER,   -- what counts under caps in place of the cost, where that is unknown or the least
            reserved_tokens INTEGER          -- the same for tokens
        ) STRICT;
        CREATE INDEX attempt_by_item ON attempt (item_id, generation, turn);
        -- The few that make an item a candidate for being billed twice; all columns, or SQLite reads the rows as well.
        CREATE INDEX attempt_without_answer ON attempt (item_id, possibly_billed, status)
            WHERE possibly_billed = 1 AND status <> 'answered';

        -- What the requests up to one used, added up, so that nobody has to read a million of them.
        CREATE TABLE usage_so_far (
            variant_id INTEGER PRIMARY KEY REFERENCES variant (id),
            through INTEGER NOT NULL,        -- the largest of all variants is the last attempt that is counted
            requests INTEGER NOT NULL,
            answered INTEGER NOT NULL,
            possibly_billed_without_answer INTEGER NOT NULL,
            input_tokens INTEGER,            -- sums of what is known; NULL if nothing is
            output_tokens INTEGER,
            reasoning_output_tokens INTEGER,
            cache_read_input_tokens INTEGER,
            tool_use_input_tokens INTEGER,
            total_tokens INTEGER,
            cost_microdollars INTEGER,
            requests_of_unknown_cost INTEGER NOT NULL
        ) STRICT;

        -- What the answered attempts brought, also those for earlier generations of an item. Its item, generation and turn
        -- are those of the attempt, so that an answer can be told if its attempt is damaged; to find it, go by the attempt.
        CREATE TABLE response (
            attempt_id INTEGER PRIMARY KEY REFERENCES attempt (id),
            item_id INTEGER NOT NULL REFERENCES item (id),
            generation INTEGER NOT NULL,
            turn INTEGER NOT NULL,
            text TEXT NOT NULL,              -- the visible text
            parts TEXT,                      -- JSON array of all parts; NULL if there is only the text
            finish_reason TEXT NOT NULL,
            model_version TEXT,              -- the model that answered
            response_id TEXT,
            candidates INTEGER NOT NULL,
            metadata TEXT                    -- JSON object: grounding, citations, safety ratings …
        ) STRICT;

        -- Media that were uploaded for prompts to refer to; the server deletes them after 48 hours.
        CREATE TABLE upload (
            sha256 TEXT NOT NULL,            -- of the bytes, in hexadecimal
            mime_type TEXT NOT NULL,
            account TEXT NOT NULL,           -- a hash: who has uploaded it, and to which server
            name TEXT NOT NULL,              -- the server's, files/…
            uri TEXT NOT NULL,               -- what requests refer to
            size INTEGER NOT NULL,           -- in bytes
            expires_at_ms INTEGER NOT NULL,
            PRIMARY KEY (sha256, mime_type, account)
        ) STRICT, WITHOUT ROWID;

        -- The items of the job in its order, with the last answer, the tokens of all turns and the cost of all requests.
        CREATE VIEW results AS
        SELECT
            item.key,
            CASE WHEN EXISTS (SELECT 1 FROM in_flight WHERE item_id = item.id) THEN 'running' ELSE item.state END
                AS state,
            variant.model, response.model_version, response.text, response.finish_reason,
            (SELECT sum(input_tokens) FROM attempt a
                WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'answered') AS input_tokens,
            (SELECT sum(output_tokens) FROM attempt a
                WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'answered') AS output_tokens,
            (SELECT sum(reasoning_output_tokens) FROM attempt a
                WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'answered') AS reasoning_output_tokens,
            (SELECT sum(cost_microdollars) FROM attempt a
                WHERE a.item_id = item.id AND a.generation = item.generation) AS cost_microdollars,
            strftime('%Y-%m-%dT%H:%M:%fZ', attempt.started_at_ms / 1000.0, 'unixepoch') AS started_at,
            attempt.first_chunk_ms, attempt.duration_ms, item.attempts, prompt.input, item.origin
        FROM item
        JOIN prompt ON prompt.item_id = item.id
        JOIN variant ON variant.id = item.variant_id
        LEFT JOIN response ON response.attempt_id = (
            SELECT max(id) FROM attempt a
            WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'answered'
        )
        LEFT JOIN attempt ON attempt.id = response.attempt_id
        WHERE item.position IS NOT NULL
        ORDER BY item.position;

        -- The failed items of the job with their last failure.
        CREATE VIEW failures AS
        SELECT
            item.key, variant.model, attempt.class, attempt.http_status, attempt.message, item.attempts,
            attempt.partial_text, item.origin
        FROM item
        JOIN variant ON variant.id = item.variant_id
        LEFT JOIN attempt ON attempt.id = (
            SELECT max(id) FROM attempt a
            WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'failed'
        )
        WHERE item.state = 'failed' AND item.position IS NOT NULL
        ORDER BY item.position;

        -- What all requests of all runs used, also failed ones and those of items that have left the job.
        CREATE VIEW usage_by_model AS
        SELECT
            variant.model,
            sum(requests) AS requests,
            sum(answered) AS answered,
            sum(possibly_billed_without_answer) AS possibly_billed_without_answer,
            sum(input_tokens) AS input_tokens,
            sum(output_tokens) AS output_tokens,
            sum(reasoning_output_tokens) AS reasoning_output_tokens,
            sum(cache_read_input_tokens) AS cache_read_input_tokens,
            sum(tool_use_input_tokens) AS tool_use_input_tokens,
            sum(total_tokens) AS total_tokens,
            sum(cost_microdollars) AS cost_microdollars,
            sum(requests_of_unknown_cost) AS requests_of_unknown_cost
        FROM (
            SELECT * FROM usage_so_far
            UNION ALL
            SELECT
                variant_id, 0, count(*), sum(status = 'answered'), sum(possibly_billed AND status <> 'answered'),
                sum(input_tokens), sum(output_tokens), sum(reasoning_output_tokens), sum(cache_read_input_tokens),
                sum(tool_use_input_tokens), sum(total_tokens), sum(cost_microdollars), sum(cost_microdollars IS NULL)
            FROM attempt
            WHERE attempt.id > (SELECT coalesce(max(through), 0) FROM usage_so_far)
            GROUP BY variant_id
        ) AS used
        JOIN variant ON variant.id = used.variant_id
        GROUP BY variant.model
        ORDER BY variant.model;
        """
}
