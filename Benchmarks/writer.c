/*
 * Writes the rows of answered items into a checkpoint as genbatch does, and does nothing else: what committing must cost.
 *
 * Takes a checkpoint in which one item was answered and the others are pending, and gives each of them the rows of that
 * one: the same statements, kept; the same settings; the same number of answers in a commit. Prints one JSON object.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static sqlite3 *database;

static const char settings[] =
    "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;"
    "PRAGMA secure_delete = OFF; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864;";

#define ATTEMPT \
    "run_id, number, turn, repair, status, started_at_ms, first_chunk_ms, duration_ms, class, http_status, message, " \
    "retry_delay_ms, quota_id, quota_value, partial_text, possibly_billed, input_tokens, output_tokens, " \
    "reasoning_output_tokens, cache_read_input_tokens, tool_use_input_tokens, total_tokens, service_tier, cost_microdollars"
#define RESPONSE "turn, text, parts, finish_reason, model_version, response_id, candidates, metadata"

enum { ATTEMPT_VALUES = 24, RESPONSE_VALUES = 8 };

typedef struct {
    sqlite3_int64 id, generation, variant;
} Item;

static void check(int code, const char *what) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
    fprintf(stderr, "writer: %s: %s\n", what, sqlite3_errmsg(database));
    exit(1);
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), sql);
    return statement;
}

static void run(sqlite3_stmt *statement) {
    check(sqlite3_step(statement), sqlite3_sql(statement));
    sqlite3_reset(statement);
}

/* The values of the row that all others are made like. */
static void read_row(const char *sql, int count, sqlite3_value **values) {
    sqlite3_stmt *statement = prepare(sql);
    if (sqlite3_step(statement) != SQLITE_ROW) {
        fprintf(stderr, "writer: no item has been answered yet\n");
        exit(1);
    }
    for (int index = 0; index < count; index++) values[index] = sqlite3_value_dup(sqlite3_column_value(statement, index));
    sqlite3_finalize(statement);
}

static void bind_row(sqlite3_stmt *statement, int from, int count, sqlite3_value **values) {
    for (int index = 0; index < count; index++) check(sqlite3_bind_value(statement, from + index, values[index]), "bind");
}

static double seconds(struct timeval time) {
    return time.tv_sec + time.tv_usec / 1e6;
}

static double cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "--version") == 0) {
        puts(sqlite3_libversion());
        return 0;
    }
    if (count != 3 || atoi(arguments[2]) < 1) {
        fprintf(stderr, "usage: writer CHECKPOINT ANSWERS-IN-A-COMMIT\n");
        return 64;
    }
    long group = atol(arguments[2]);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    check(sqlite3_open_v2(arguments[1], &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL), "open");
    check(sqlite3_exec(database, settings, NULL, NULL, NULL), "settings");

    sqlite3_value *attempt[ATTEMPT_VALUES], *response[RESPONSE_VALUES];
    read_row("SELECT " ATTEMPT " FROM attempt WHERE status = 'answered'", ATTEMPT_VALUES, attempt);
    read_row("SELECT " RESPONSE " FROM response", RESPONSE_VALUES, response);

    long items = 0, room = 1 << 16;
    Item *list = malloc(room * sizeof *list);
    sqlite3_stmt *pending =
        prepare("SELECT id, generation, variant_id FROM item WHERE state = 'pending' ORDER BY position");
    while (sqlite3_step(pending) == SQLITE_ROW) {
        if (items == room) list = realloc(list, (room *= 2) * sizeof *list);
        list[items++] = (Item){sqlite3_column_int64(pending, 0), sqlite3_column_int64(pending, 1),
            sqlite3_column_int64(pending, 2)};
    }
    sqlite3_finalize(pending);

    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
    sqlite3_stmt *insert_in_flight = prepare("INSERT INTO in_flight (item_id, run_id) VALUES (?1, ?2)");
    sqlite3_stmt *delete_in_flight = prepare("DELETE FROM in_flight WHERE item_id = ?1");
    sqlite3_stmt *update_item = prepare("UPDATE item SET state = ?2, attempts = attempts + ?3 WHERE id = ?1");
    sqlite3_stmt *insert_attempt = prepare(
        "INSERT INTO attempt (item_id, generation, variant_id, " ATTEMPT ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
        "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)");
    sqlite3_stmt *insert_response = prepare(
        "INSERT INTO response (attempt_id, item_id, generation, " RESPONSE ")"
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");

    double cpu_before = cpu(), wall_before = now();
    long commits = 0;
    /* A commit holds the answers of one group and notes that the next one is in flight, as in a run. */
    for (long first = -group; first < items; first += group, commits++) {
        run(begin);
        for (long index = first < 0 ? 0 : first; index < first + group && index < items; index++) {
            Item item = list[index];
            sqlite3_bind_int64(delete_in_flight, 1, item.id);
            run(delete_in_flight);
            sqlite3_bind_int64(update_item, 1, item.id);
            sqlite3_bind_text(update_item, 2, "done", 4, SQLITE_STATIC);
            sqlite3_bind_int(update_item, 3, 1);
            run(update_item);
            sqlite3_bind_int64(insert_attempt, 1, item.id);
            sqlite3_bind_int64(insert_attempt, 2, item.generation);
            sqlite3_bind_int64(insert_attempt, 3, item.variant);
            bind_row(insert_attempt, 4, ATTEMPT_VALUES, attempt);
            run(insert_attempt);
            sqlite3_bind_int64(insert_response, 1, sqlite3_last_insert_rowid(database));
            sqlite3_bind_int64(insert_response, 2, item.id);
            sqlite3_bind_int64(insert_response, 3, item.generation);
            bind_row(insert_response, 4, RESPONSE_VALUES, response);
            run(insert_response);
        }
        for (long index = first + group; index < first + 2 * group && index < items; index++) {
            sqlite3_bind_int64(insert_in_flight, 1, list[index].id);
            sqlite3_bind_value(insert_in_flight, 2, attempt[0]);
            run(insert_in_flight);
        }
        run(commit);
    }
    printf("{\"items\":%ld,\"commits\":%ld,\"cpu\":%.4f,\"wall\":%.4f}\n", items, commits, cpu() - cpu_before,
        now() - wall_before);
    return 0;
}
