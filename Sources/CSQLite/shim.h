#ifndef GENBATCH_CSQLITE_SHIM_H
#define GENBATCH_CSQLITE_SHIM_H

#include <sqlite3.h>

#ifdef __linux__
/* The kind of a file system, on which it depends whether a log may be shared; Swift's Glibc module leaves it out. */
#include <sys/statfs.h>
#endif

/* sqlite3_config takes any number of arguments, which Swift does not call. Without its counts of memory, which nobody asks
   for here, SQLite need not lock and count for each piece; refused if it is in use already. */
static inline int gb_stop_counting_memory(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* SQLITE_TRANSIENT is a cast that Swift cannot import: SQLite copies the bytes before the call returns. */
static inline int gb_bind_text(sqlite3_stmt *statement, int index, const char *text, int length) {
    return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}

static inline int gb_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int length) {
    return sqlite3_bind_blob(statement, index, bytes, length, SQLITE_TRANSIENT);
}

#endif
