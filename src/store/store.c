/* store.c - records in one SQLite file.
 *
 * Owns the schema and the connection. Always true: a record that was committed is
 * never changed or removed (triggers say so to everybody); every write happens in
 * a transaction that took the write lock before it looked at what is there, so
 * that two processes cannot both find a key missing; a key has one kind. */
#include "store/store.h"
#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

enum {
    STORE_APP_ID = 0x70617265, /* "pare" */
    STORE_SCHEMA = 1,          /* PRAGMA user_version */
    STORE_OBJECTS = 5,         /* that store_schema makes */
    STORE_BUSY_MS = 10000,
    STORE_TEXT_MAX = 64 << 20,
};

static const char store_schema[] =
    "CREATE TABLE record ("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " key TEXT NOT NULL,"
    " kind TEXT NOT NULL,"
    " text TEXT NOT NULL,"
    " at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ','now')));"
    "CREATE INDEX record_key ON record(key, seq);"
    "CREATE INDEX record_kind ON record(kind, seq);"
    "CREATE TRIGGER record_no_update BEFORE UPDATE ON record BEGIN"
    " SELECT RAISE(ABORT, 'records are only added'); END;"
    "CREATE TRIGGER record_no_delete BEFORE DELETE ON record BEGIN"
    " SELECT RAISE(ABORT, 'records are only added'); END;"
    "PRAGMA application_id = 1885434469;"
    "PRAGMA user_version = 1;";
_Static_assert(STORE_APP_ID == 1885434469 && STORE_SCHEMA == 1, "the schema text has them too");

struct pr_store {
    sqlite3 *db;
    char *path;
    pr_store_mode mode;
    bool in_txn; /* the caller's, by pr_store_begin */
};

/* ---- errors ---- */

static pare_status store_damaged(const pr_store *s, const char *what, pare_err *err) {
    pr_fail(err, PARE_EINPUT, -1,
            "the record file is damaged (%s): move it away or delete it, and what it held "
            "will be measured again",
            what);
    return pr_fail_in(err, PARE_EINPUT, s->path);
}

/* The connection's last error as ours. `doing`: "read a record". */
static pare_status store_fail(const pr_store *s, const char *doing, pare_err *err) {
    int rc = sqlite3_errcode(s->db);
    const char *msg = sqlite3_errmsg(s->db);
    pare_status st = PARE_EENV;
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return store_damaged(s, msg, err);
    case SQLITE_NOMEM:
        return pr_fail_nomem(err, 0);
    case SQLITE_ERROR:
        st = PARE_EINPUT;
        pr_fail(err, st, -1, "cannot %s: %s; this is not a record file as pare writes it",
                doing, msg);
        break;
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
        st = PARE_EINTERNAL;
        pr_fail(err, st, -1, "cannot %s: %s", doing, msg);
        break;
    case SQLITE_FULL:
        pr_fail(err, st, -1, "cannot %s: no space left", doing);
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        pr_fail(err, st, -1, "cannot %s: another process kept the record file locked for %d s",
                doing, STORE_BUSY_MS / 1000);
        break;
    default:
        pr_fail(err, st, -1, "cannot %s: %s%s%s", doing, msg,
                sqlite3_system_errno(s->db) ? ": " : "",
                sqlite3_system_errno(s->db) ? strerror(sqlite3_system_errno(s->db)) : "");
    }
    return pr_fail_in(err, st, s->path);
}

static pare_status store_exec(pr_store *s, const char *sql, const char *doing, pare_err *err) {
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return store_fail(s, doing, err);
    return PARE_OK;
}

/* Give the write lock back. The connection's error must have been read before. */
static void store_undo(pr_store *s) {
    if (!sqlite3_get_autocommit(s->db)) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- opening ---- */

static pare_status pragma_i64(pr_store *s, const char *sql, int64_t *out, pare_err *err) {
    sqlite3_stmt *q = NULL;
    *out = 0;
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
        return store_fail(s, "open it", err);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) *out = sqlite3_column_int64(q, 0);
    pare_status st =
        rc == SQLITE_ROW || rc == SQLITE_DONE ? PARE_OK : store_fail(s, "open it", err);
    sqlite3_finalize(q);
    return st;
}

static pare_status store_foreign(pr_store *s, pare_err *err) {
    pr_fail(err, PARE_EINPUT, -1,
            "this database is not a record file of pare; it stays untouched");
    return pr_fail_in(err, PARE_EINPUT, s->path);
}

/* Every object must be one of the schema's: a view, trigger or table of somebody else's making
 * under these names could keep a query from ever ending. So the text of the schema is a part of
 * the format: to change it is to raise STORE_SCHEMA. */
static pare_status store_objects_check(pr_store *s, pare_err *err) {
    sqlite3_stmt *q = NULL;
    int n = 0, rc;
    bool ours = true;
    if (sqlite3_prepare_v2(s->db, "SELECT sql FROM sqlite_master", -1, &q, NULL) != SQLITE_OK)
        return store_fail(s, "open it", err);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && ours) {
        const char *sql = (const char *)sqlite3_column_text(q, 0);
        bool counter = sql && strcmp(sql, "CREATE TABLE sqlite_sequence(name,seq)") == 0;
        ours = counter || (sql && strstr(store_schema, sql));
        n += !counter;
    }
    pare_status st = rc == SQLITE_ROW || rc == SQLITE_DONE ? PARE_OK
                                                           : store_fail(s, "open it", err);
    sqlite3_finalize(q);
    if (st == PARE_OK && (!ours || n != STORE_OBJECTS))
        st = store_damaged(s, "its tables are not those that pare makes", err);
    return st;
}

/* Under the write lock where it may have to create: is the schema ours? */
static pare_status store_schema_check(pr_store *s, bool *is_empty, pare_err *err) {
    int64_t app, version, objects;
    PR_TRY(pragma_i64(s, "PRAGMA application_id", &app, err));
    PR_TRY(pragma_i64(s, "PRAGMA user_version", &version, err));
    PR_TRY(pragma_i64(s, "SELECT count(*) FROM sqlite_master", &objects, err));
    *is_empty = app == 0 && version == 0 && objects == 0;
    if (*is_empty) return PARE_OK;
    if (app != STORE_APP_ID) return store_foreign(s, err);
    if (version > STORE_SCHEMA) {
        pr_fail(err, PARE_EINPUT, -1,
                "the record file has schema %lld, this pare knows %d: use the newer pare that "
                "wrote it, or another output folder",
                (long long)version, STORE_SCHEMA);
        return pr_fail_in(err, PARE_EINPUT, s->path);
    }
    return store_objects_check(s, err);
}

static pare_status store_whole(pr_store *s, pare_err *err) {
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &q, NULL) != SQLITE_OK)
        return store_fail(s, "check it", err);
    pare_status st = PARE_OK;
    if (sqlite3_step(q) != SQLITE_ROW) {
        st = store_fail(s, "check it", err);
    } else {
        const char *t = (const char *)sqlite3_column_text(q, 0);
        if (!t || strcmp(t, "ok") != 0) st = store_damaged(s, t ? t : "unreadable", err);
    }
    sqlite3_finalize(q);
    return st;
}

static pare_status store_prepare_schema(pr_store *s, pare_err *err) {
    bool is_empty = false;
    /* One transaction: another process may be creating it between two questions. */
    PR_TRY(store_exec(s, "BEGIN", "open it", err));
    pare_status st = store_schema_check(s, &is_empty, err);
    if (st == PARE_OK) st = store_exec(s, "COMMIT", "open it", err);
    store_undo(s);
    if (st != PARE_OK) return st;
    if (!is_empty) return store_whole(s, err);
    if (s->mode == PR_STORE_READ) return store_foreign(s, err);
    /* Two processes may be here: look again once the lock is held. */
    PR_TRY(store_exec(s, "BEGIN IMMEDIATE", "create it", err));
    st = store_schema_check(s, &is_empty, err);
    if (st == PARE_OK && is_empty) st = store_exec(s, store_schema, "create it", err);
    if (st == PARE_OK) st = store_exec(s, "COMMIT", "create it", err);
    store_undo(s);
    return st;
}

/* SQLite finds a folder without write permission only at the first write; ask now. */
static pare_status store_may_write(const pr_store *s, pare_err *err) {
    const char *slash = strrchr(s->path, '/');
    char dir[4096];
    size_t n = (size_t)(slash - s->path) + 1; /* the path has at least "./" */
    if (n >= sizeof dir) return pr_fail(err, PARE_EINPUT, -1, "the path is too long");
    memcpy(dir, s->path, n);
    dir[n] = 0;
    if (access(dir, W_OK | X_OK) == 0) return PARE_OK;
    pr_fail(err, PARE_EENV, -1, "cannot write records here: %s", strerror(errno));
    return pr_fail_in(err, PARE_EENV, s->path);
}

static pare_status store_connect(pr_store *s, pare_err *err) {
    bool is_read = s->mode == PR_STORE_READ;
    if (is_read && access(s->path, R_OK) != 0) {
        pr_fail(err, PARE_EINPUT, -1, "cannot read records: %s", strerror(errno));
        return pr_fail_in(err, PARE_EINPUT, s->path);
    }
    if (!is_read) PR_TRY(store_may_write(s, err));
    /* A reader opens for writing too where it may: after a kill, only a writer can
     * roll the journal back. query_only keeps it from writing records. */
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (is_read ? 0 : SQLITE_OPEN_CREATE);
    int rc = sqlite3_open_v2(s->path, &s->db, flags, NULL);
    if (!s->db) return pr_fail_nomem(err, 0);
    if (rc != SQLITE_OK) return store_fail(s, "open it", err);
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, STORE_TEXT_MAX + 4096);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!is_read && sqlite3_db_readonly(s->db, "main") == 1) {
        pr_fail(err, PARE_EENV, -1, "cannot write records: the file is read-only");
        return pr_fail_in(err, PARE_EENV, s->path);
    }
    PR_TRY(store_exec(s, "PRAGMA synchronous = FULL", "open it", err));
    return is_read ? store_exec(s, "PRAGMA query_only = 1", "open it", err) : PARE_OK;
}

pare_status pr_store_open(pr_store **out, const char *path, pr_store_mode mode, pare_err *err) {
    *out = NULL;
    if (!path || !*path) return pr_fail(err, PARE_EINPUT, -1, "no name for the record file");
    pr_store *s = pr_calloc(1, sizeof *s);
    size_t n = strlen(path);
    if (!s || !(s->path = pr_calloc(n + 3, 1))) {
        pr_free(s);
        return pr_fail_nomem(err, n);
    }
    /* "./" keeps SQLite from reading a meaning into names such as ":memory:". */
    if (path[0] != '/') memcpy(s->path, "./", 2);
    memcpy(s->path + strlen(s->path), path, n);
    s->mode = mode;
    pare_status st = store_connect(s, err);
    if (st == PARE_OK) st = store_prepare_schema(s, err);
    if (st != PARE_OK) {
        pr_store_close(s);
        return st;
    }
    *out = s;
    return PARE_OK;
}

void pr_store_close(pr_store *s) {
    if (!s) return;
    if (s->db) {
        store_undo(s);
        sqlite3_close(s->db);
    }
    pr_free(s->path);
    pr_free(s);
}

/* ---- reading ---- */

static pare_status store_query(pr_store *s, const char *sql, const char *arg, sqlite3_stmt **q,
                               pare_err *err) {
    if (sqlite3_prepare_v2(s->db, sql, -1, q, NULL) != SQLITE_OK)
        return store_fail(s, "read records", err);
    if (arg && sqlite3_bind_text(*q, 1, arg, -1, SQLITE_STATIC) != SQLITE_OK) {
        pare_status st = store_fail(s, "read records", err);
        sqlite3_finalize(*q);
        *q = NULL;
        return st;
    }
    return PARE_OK;
}

static pr_str column_str(sqlite3_stmt *q, int i) {
    const char *p = (const char *)sqlite3_column_text(q, i);
    return (pr_str){p ? p : "", p ? (size_t)sqlite3_column_bytes(q, i) : 0};
}

static pare_status copy_of(pr_str t, pr_arena *a, pr_str *out, pare_err *err) {
    char *copy = pr_arena_str(a, t.p, t.n);
    if (!copy) return pr_fail_nomem(err, t.n);
    *out = (pr_str){copy, t.n};
    return PARE_OK;
}

pare_status pr_store_find(pr_store *s, const char *key, pr_arena *a, pr_str *text, pr_str *kind,
                          pare_err *err) {
    sqlite3_stmt *q = NULL;
    *text = (pr_str){NULL, 0};
    PR_TRY(store_query(s, "SELECT text,kind FROM record WHERE key = ?1 ORDER BY seq DESC LIMIT 1",
                       key, &q, err));
    pare_status st = PARE_OK;
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        st = copy_of(column_str(q, 0), a, text, err);
        if (st == PARE_OK && kind) st = copy_of(column_str(q, 1), a, kind, err);
    } else if (rc != SQLITE_DONE) {
        st = store_fail(s, "read a record", err);
    }
    sqlite3_finalize(q);
    return st;
}

pare_status pr_store_list(pr_store *s, const char *kind, pr_record_fn fn, void *ctx,
                          pare_err *err) {
    sqlite3_stmt *q = NULL;
    PR_TRY(
        store_query(s,
                    kind ? "SELECT seq,key,kind,text,at FROM record WHERE kind=?1 ORDER BY seq"
                         : "SELECT seq,key,kind,text,at FROM record ORDER BY seq",
                    kind, &q, err));
    pare_status st = PARE_OK;
    int rc;
    while (st == PARE_OK && (rc = sqlite3_step(q)) != SQLITE_DONE) {
        if (rc != SQLITE_ROW) {
            st = store_fail(s, "list records", err);
            break;
        }
        pr_record r = {.seq = sqlite3_column_int64(q, 0),
                       .key = column_str(q, 1).p,
                       .kind = column_str(q, 2).p,
                       .text = column_str(q, 3),
                       .when = column_str(q, 4).p};
        st = fn(ctx, &r, err);
    }
    sqlite3_finalize(q);
    return st;
}

pare_status pr_store_count(pr_store *s, const char *kind, int64_t *n, pare_err *err) {
    sqlite3_stmt *q = NULL;
    *n = 0;
    PR_TRY(store_query(
        s, kind ? "SELECT count(*) FROM record WHERE kind = ?1" : "SELECT count(*) FROM record",
        kind, &q, err));
    pare_status st = PARE_OK;
    if (sqlite3_step(q) == SQLITE_ROW)
        *n = sqlite3_column_int64(q, 0);
    else
        st = store_fail(s, "count records", err);
    sqlite3_finalize(q);
    return st;
}

/* ---- writing ---- */

pare_status pr_store_begin(pr_store *s, pare_err *err) {
    if (s->in_txn)
        return pr_fail(err, PARE_EINTERNAL, -1, "a transaction is open already in this store");
    PR_TRY(store_exec(s, "BEGIN IMMEDIATE", "write records", err));
    s->in_txn = true;
    return PARE_OK;
}

pare_status pr_store_commit(pr_store *s, pare_err *err) {
    if (!s->in_txn)
        return pr_fail(err, PARE_EINTERNAL, -1, "no transaction is open in this store");
    pare_status st = store_exec(s, "COMMIT", "write records", err);
    store_undo(s); /* only where the commit failed */
    s->in_txn = false;
    return st;
}

void pr_store_rollback(pr_store *s) {
    store_undo(s);
    s->in_txn = false;
}

static pare_status store_insert(pr_store *s, const char *key, const char *kind,
                                const char *text, size_t n, pare_err *err) {
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db, "INSERT INTO record(key,kind,text) VALUES(?1,?2,?3)", -1, &q,
                           NULL) != SQLITE_OK)
        return store_fail(s, "write a record", err);
    bool ok = sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC) == SQLITE_OK &&
              sqlite3_bind_text(q, 2, kind, -1, SQLITE_STATIC) == SQLITE_OK &&
              sqlite3_bind_text64(q, 3, text, n, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK &&
              sqlite3_step(q) == SQLITE_DONE;
    pare_status st = ok ? PARE_OK : store_fail(s, "write a record", err);
    sqlite3_finalize(q);
    return st;
}

/* What is under `key`: nothing, the same, or something else. */
static pare_status store_compare(pr_store *s, const char *key, const char *kind, pr_str text,
                                 bool may_differ, bool *is_there, pare_err *err) {
    sqlite3_stmt *q = NULL;
    *is_there = false;
    PR_TRY(store_query(s,
                       "SELECT kind,text FROM record WHERE key = ?1 ORDER BY seq DESC LIMIT 1",
                       key, &q, err));
    pare_status st = PARE_OK;
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        pr_str old_kind = column_str(q, 0), old = column_str(q, 1);
        *is_there = true;
        if (!may_differ && !pr_str_eq(old_kind, pr_str_of(kind)))
            st = pr_fail(err, PARE_EINTERNAL, -1,
                         "key %.12s… holds a record of kind '%s', not '%s'", key, old_kind.p,
                         kind);
        else if (!may_differ && !pr_str_eq(old, text))
            st =
                pr_fail(err, PARE_EINTERNAL, -1,
                        "key %.12s… (%s) holds another text already: the key does not name all "
                        "that it depends on",
                        key, kind);
    } else if (rc != SQLITE_DONE) {
        st = store_fail(s, "read a record", err);
    }
    sqlite3_finalize(q);
    return st == PARE_EINTERNAL ? pr_fail_in(err, st, s->path) : st;
}

static pare_status store_put_any(pr_store *s, const char *key, const char *kind, pr_str text,
                                 bool again, pare_err *err) {
    if (!key || !*key || !kind || !*kind)
        return pr_fail(err, PARE_EINTERNAL, -1, "a record needs a key and a kind");
    if (text.n > STORE_TEXT_MAX)
        return pr_fail(err, PARE_EINTERNAL, -1, "a record of %zu bytes; the most is %d", text.n,
                       STORE_TEXT_MAX);
    if (!pr_utf8_valid(text.p, text.n, NULL))
        return pr_fail(err, PARE_EINTERNAL, -1, "a record's text (%s) is not UTF-8", kind);
    if (!s->in_txn) PR_TRY(store_exec(s, "BEGIN IMMEDIATE", "write a record", err));
    bool is_there;
    pare_status st = store_compare(s, key, kind, text, again, &is_there, err);
    if (st == PARE_OK && (again || !is_there))
        st = store_insert(s, key, kind, text.p, text.n, err);
    if (s->in_txn) return st;
    if (st == PARE_OK) st = store_exec(s, "COMMIT", "write a record", err);
    store_undo(s);
    return st;
}

pare_status pr_store_put(pr_store *s, const char *key, const char *kind, const char *text,
                         size_t n, pare_err *err) {
    return store_put_any(s, key, kind, (pr_str){text, n}, false, err);
}

pare_status pr_store_put_again(pr_store *s, const char *key, const char *kind, const char *text,
                               size_t n, pare_err *err) {
    return store_put_any(s, key, kind, (pr_str){text, n}, true, err);
}
