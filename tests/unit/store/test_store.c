/* test_store.c - records: found again, never changed, whole after a kill, and clear
 * words for every file that is not ours or not well. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "check.h"
#include "store/store.h"

static char path[600];

static const char *fresh(void) {
    const char *dir = check_scratch();
    snprintf(path, sizeof path, "%s/pare.db", dir);
    return dir;
}

static pr_store *open_ok(pr_store_mode mode) {
    pr_store *s;
    pare_err e = {0};
    CHECK_OK(pr_store_open(&s, path, mode, &e), e);
    return s;
}

static pare_status put(pr_store *s, const char *key, const char *text, pare_err *e) {
    return pr_store_put(s, key, "eval", text, strlen(text), e);
}

static int64_t count(pr_store *s, const char *kind) {
    int64_t n;
    pare_err e = {0};
    CHECK_OK(pr_store_count(s, kind, &n, &e), e);
    return n;
}

static void put_and_find(void **state) {
    const char *dir = fresh();
    pr_store *s = open_ok(PR_STORE_WRITE);
    pr_arena *a = pr_arena_new(1 << 20);
    pare_err e = {0};
    pr_str t;
    CHECK_OK(pr_store_find(s, "k1", a, &t, NULL, &e), e);
    assert_null(t.p);
    CHECK_OK(put(s, "k1", "{\"v\":1}", &e), e);
    CHECK_OK(put(s, "k1", "{\"v\":1}", &e), e); /* the same again: nothing */
    assert_int_equal(count(s, NULL), 1);
    assert_int_equal(put(s, "k1", "{\"v\":2}", &e), PARE_EINTERNAL);
    assert_non_null(strstr(e.msg, "another text"));
    assert_int_equal(pr_store_put(s, "k1", "bench", "{}", 2, &e), PARE_EINTERNAL);
    assert_int_equal(put(s, "k2", "\xff", &e), PARE_EINTERNAL);
    assert_int_equal(put(s, "", "{}", &e), PARE_EINTERNAL);
    CHECK_OK(pr_store_put_again(s, "b", "bench", "1", 1, &e), e);
    CHECK_OK(pr_store_put_again(s, "b", "bench", "2", 1, &e), e);
    pr_store_close(s);
    s = open_ok(PR_STORE_READ);
    CHECK_OK(pr_store_find(s, "k1", a, &t, NULL, &e), e);
    assert_string_equal(t.p, "{\"v\":1}");
    assert_int_equal(t.n, 7);
    CHECK_OK(pr_store_find(s, "b", a, &t, NULL, &e), e);
    assert_string_equal(t.p, "2"); /* the newest */
    assert_int_equal(count(s, "bench"), 2);
    assert_int_equal(put(s, "k9", "{}", &e), PARE_EENV); /* opened to read */
    pr_store_close(s);
    pr_arena_free(a);
    check_scratch_remove(dir);
}

typedef struct {
    int n;
    int64_t last;
    char keys[200];
} listed;

static pare_status on_record(void *ctx, const pr_record *r, pare_err *err) {
    listed *l = ctx;
    assert_true(r->seq > l->last);
    assert_int_equal(strlen(r->when), 20);
    l->last = r->seq;
    l->n++;
    strcat(l->keys, r->key);
    return l->n == 3 ? PARE_ECANCELLED : PARE_OK;
}

static void list_in_order(void **state) {
    const char *dir = fresh();
    pr_store *s = open_ok(PR_STORE_WRITE);
    pare_err e = {0};
    listed l = {0};
    for (const char *k = "zay"; *k; k++) CHECK_OK(put(s, (char[2]){*k, 0}, "{}", &e), e);
    CHECK_OK(pr_store_put(s, "other", "bench", "{}", 2, &e), e);
    CHECK_OK(pr_store_list(s, "bench", on_record, &l, &e), e);
    assert_int_equal(l.n, 1);
    memset(&l, 0, sizeof l);
    assert_int_equal(pr_store_list(s, NULL, on_record, &l, &e), PARE_ECANCELLED);
    assert_string_equal(l.keys, "zay");
    pr_store_close(s);
    check_scratch_remove(dir);
}

static void transactions(void **state) {
    const char *dir = fresh();
    pr_store *s = open_ok(PR_STORE_WRITE);
    pare_err e = {0};
    CHECK_OK(pr_store_begin(s, &e), e);
    assert_int_equal(pr_store_begin(s, &e), PARE_EINTERNAL);
    CHECK_OK(put(s, "a", "1", &e), e);
    pr_store_rollback(s);
    assert_int_equal(count(s, NULL), 0);
    CHECK_OK(pr_store_begin(s, &e), e);
    CHECK_OK(put(s, "a", "1", &e), e);
    assert_int_equal(put(s, "a", "2", &e), PARE_EINTERNAL); /* the refused one alone is out */
    CHECK_OK(put(s, "b", "1", &e), e);
    CHECK_OK(pr_store_commit(s, &e), e);
    assert_int_equal(pr_store_commit(s, &e), PARE_EINTERNAL);
    CHECK_OK(pr_store_begin(s, &e), e);
    CHECK_OK(put(s, "c", "1", &e), e);
    pr_store_close(s); /* undoes */
    s = open_ok(PR_STORE_READ);
    assert_int_equal(count(s, NULL), 2);
    pr_store_close(s);
    check_scratch_remove(dir);
}

/* Nobody may change a record, by whatever way. */
static void records_are_only_added(void **state) {
    const char *dir = fresh();
    pr_store *s = open_ok(PR_STORE_WRITE);
    pare_err e = {0};
    sqlite3 *db;
    CHECK_OK(put(s, "a", "1", &e), e);
    pr_store_close(s);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "UPDATE record SET text='2'", 0, 0, 0), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "DELETE FROM record", 0, 0, 0), SQLITE_OK);
    sqlite3_close(db);
    check_scratch_remove(dir);
}

/* Writes records k0, k1, … for ever, ten to a transaction. */
static void write_for_ever(int ready) {
    pr_store *s;
    if (pr_store_open(&s, path, PR_STORE_WRITE, NULL) != PARE_OK) _exit(1);
    for (int i = 0;; i++) {
        char key[32], text[3000];
        snprintf(key, sizeof key, "k%d", i);
        memset(text, 'x', sizeof text);
        if (i % 10 == 0 && pr_store_begin(s, NULL) != PARE_OK) _exit(2);
        if (pr_store_put(s, key, "eval", text, sizeof text, NULL) != PARE_OK) _exit(3);
        if (i % 10 == 9 && pr_store_commit(s, NULL) != PARE_OK) _exit(4);
        if (i == 9 && write(ready, "!", 1) != 1) _exit(5);
    }
}

static void killed_in_the_middle(void **state) {
    for (int round = 0; round < 8; round++) {
        const char *dir = fresh();
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        if (pid == 0) write_for_ever(fds[1]);
        close(fds[1]); /* a writer that failed gives an end, not a wait */
        char c;
        assert_int_equal(read(fds[0], &c, 1), 1);
        usleep((useconds_t)(1700 * round + 300));
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        close(fds[0]);
        pr_store *s =
            open_ok(round % 2 ? PR_STORE_READ : PR_STORE_WRITE); /* checks all pages */
        int64_t n = count(s, NULL);
        assert_true(n >= 10 && n % 10 == 0); /* whole transactions only */
        pr_store_close(s);
        check_scratch_remove(dir);
    }
}

static void two_processes_share(void **state) {
    const char *dir = fresh();
    pid_t pid[2];
    for (int p = 0; p < 2; p++) {
        if ((pid[p] = fork()) != 0) continue;
        pr_store *s;
        if (pr_store_open(&s, path, PR_STORE_WRITE, NULL) != PARE_OK) _exit(1);
        for (int i = 0; i < 40; i++) {
            char key[32];
            snprintf(key, sizeof key, "own %d %d", p, i);
            if (put(s, key, "1", NULL) != PARE_OK) _exit(2);
            snprintf(key, sizeof key, "shared %d", i); /* both want to add it */
            if (put(s, key, "same", NULL) != PARE_OK) _exit(3);
        }
        pr_store_close(s);
        _exit(0);
    }
    for (int p = 0; p < 2; p++) {
        int status;
        waitpid(pid[p], &status, 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    pr_store *s = open_ok(PR_STORE_READ);
    assert_int_equal(count(s, NULL), 120);
    pr_store_close(s);
    check_scratch_remove(dir);
}

static void check_refused(pr_store_mode mode, pare_status want, const char *word) {
    pr_store *s = (pr_store *)1;
    pare_err e = {0};
    assert_int_equal(pr_store_open(&s, path, mode, &e), want);
    assert_null(s);
    if (!strstr(e.msg, word)) fail_msg("'%s' lacks '%s'", e.msg, word);
    assert_string_equal(e.file, path);
}

static void run_sql(const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, 0, 0, 0), SQLITE_OK);
    sqlite3_close(db);
}

static void files_that_are_not_ours(void **state) {
    const char *dir = fresh();
    check_refused(PR_STORE_READ, PARE_EINPUT, "No such file");
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 500; i++) fputs("this is not a database. ", f);
    fclose(f);
    check_refused(PR_STORE_WRITE, PARE_EINPUT, "move it away");
    unlink(path);
    run_sql("CREATE TABLE theirs(x)");
    check_refused(PR_STORE_WRITE, PARE_EINPUT, "not a record file of pare");
    unlink(path);
    pr_store_close(open_ok(PR_STORE_WRITE));
    run_sql("PRAGMA user_version = 2");
    check_refused(PR_STORE_WRITE, PARE_EINPUT, "schema 2, this pare knows 1");
    unlink(path);
    assert_int_equal(creat(path, 0644) < 0, 0); /* empty: a killed creation */
    check_refused(PR_STORE_READ, PARE_EINPUT, "not a record file");
    pr_store_close(open_ok(PR_STORE_WRITE));
    check_scratch_remove(dir);
}

static void damaged_pages(void **state) {
    const char *dir = fresh();
    pr_store *s = open_ok(PR_STORE_WRITE);
    pare_err e = {0};
    char text[2000];
    memset(text, 'y', sizeof text);
    for (int i = 0; i < 50; i++) {
        char key[20];
        snprintf(key, sizeof key, "k%d", i);
        CHECK_OK(pr_store_put(s, key, "eval", text, sizeof text, &e), e);
    }
    pr_store_close(s);
    FILE *f = fopen(path, "r+");
    fseek(f, 4096 * 3, SEEK_SET);
    for (int i = 0; i < 4096 * 3; i++) fputc(0xa5, f);
    fclose(f);
    check_refused(PR_STORE_WRITE, PARE_EINPUT, "damaged");
    check_refused(PR_STORE_READ, PARE_EINPUT, "measured again");
    assert_int_equal(truncate(path, 5000), 0);
    check_refused(PR_STORE_WRITE, PARE_EINPUT, "damaged");
    check_scratch_remove(dir);
}

static void no_right_to_write(void **state) {
    const char *dir = fresh();
    pr_store_close(open_ok(PR_STORE_WRITE));
    bool is_root = geteuid() == 0;
    assert_int_equal(chmod(dir, 0555), 0);
    assert_int_equal(chmod(path, 0444), 0);
    if (is_root) assert_int_equal(seteuid(65534), 0);
    check_refused(PR_STORE_WRITE, PARE_EENV, "cannot write records");
    pr_store *s = open_ok(PR_STORE_READ); /* reading needs no right to write */
    assert_int_equal(count(s, NULL), 0);
    pr_store_close(s);
    if (is_root) assert_int_equal(seteuid(0), 0);
    chmod(dir, 0755);
    snprintf(path, sizeof path, "%s/no/such/pare.db", dir);
    check_refused(PR_STORE_WRITE, PARE_EENV, "cannot write records");
    check_scratch_remove(dir);
}

/* A limit on the size of the process's files stands for a full disk. */
static void put_without_space(void) {
    static char text[400000];
    struct rlimit limit = {100000, 100000};
    pr_store *s;
    memset(text, 'z', sizeof text);
    signal(SIGXFSZ, SIG_IGN);
    if (pr_store_open(&s, path, PR_STORE_WRITE, NULL) != PARE_OK) _exit(90);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(91);
    pare_status st = pr_store_put(s, "k", "eval", text, sizeof text, NULL);
    pr_store_close(s);
    _exit(st);
}

static void no_space(void **state) {
    const char *dir = fresh();
    pr_store_close(open_ok(PR_STORE_WRITE));
    pid_t pid = fork();
    if (pid == 0) put_without_space();
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), PARE_EENV);
    pr_store *s = open_ok(PR_STORE_WRITE);
    assert_int_equal(count(s, NULL), 0);
    pr_store_close(s);
    check_scratch_remove(dir);
}

static void key_of(char hex[65], const char *a, const char *b, int64_t i, double f) {
    pr_key k;
    pare_err e = {0};
    pr_key_begin(&k, "eval", "0.1.0");
    pr_key_str(&k, "a", a);
    pr_key_str(&k, "b", b);
    pr_key_i64(&k, "i", i);
    pr_key_f64(&k, "f", f);
    CHECK_OK(pr_key_end(&k, hex, &e), e);
}

static void keys_tell_apart(void **state) {
    char base[65], same[65], h[65];
    key_of(base, "x", "yz", 1, 0.5);
    key_of(same, "x", "yz", 1, 0.5);
    assert_string_equal(base, same);
    assert_int_equal(strlen(base), 64);
    key_of(h, "xy", "z", 1, 0.5); /* the same letters, cut elsewhere */
    assert_string_not_equal(base, h);
    key_of(h, "x", "yz", 2, 0.5);
    assert_string_not_equal(base, h);
    key_of(h, "x", NULL, 1, 0.5);
    key_of(same, "x", "", 1, 0.5);
    assert_string_not_equal(h, same); /* none is not empty */
    key_of(h, "x", "yz", 1, 0.0);
    key_of(same, "x", "yz", 1, -0.0);
    assert_string_equal(h, same);
    pr_key k, l;
    pr_sha256 sum = pr_sha256_of("abc", 3);
    pare_err e = {0};
    pr_key_begin(&k, "eval", "0.1.0");
    pr_key_sha(&k, "m", &sum);
    CHECK_OK(pr_key_end(&k, h, &e), e);
    pr_key_begin(&l, "eval", "0.1.0");
    pr_key_bytes(&l, "m", sum.b, 32); /* another type of the same bytes */
    CHECK_OK(pr_key_end(&l, same, &e), e);
    assert_string_not_equal(h, same);
    pr_key_begin(&k, "eval", "0.1.0");
    pr_key_bool(&k, "t", true);
    pr_key_drop(&k);
}

/* The exact bytes that are hashed: records outlive the program that wrote them. */
static void key_bytes_are_fixed(void **state) {
    static const char bytes[] = "s\4\0\0\0\0\0\0\0kind\4\0\0\0\0\0\0\0eval"
                                "s\4\0\0\0\0\0\0\0pare\1\0\0\0\0\0\0\0"
                                "1"
                                "i\1\0\0\0\0\0\0\0n\10\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0";
    char want[65], got[65];
    pr_sha256 sum = pr_sha256_of(bytes, sizeof bytes - 1);
    pr_sha256_hex(&sum, want);
    pr_key k;
    pare_err e = {0};
    pr_key_begin(&k, "eval", "1");
    pr_key_i64(&k, "n", 5);
    CHECK_OK(pr_key_end(&k, got, &e), e);
    assert_string_equal(got, want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_and_find),
        cmocka_unit_test(list_in_order),
        cmocka_unit_test(transactions),
        cmocka_unit_test(records_are_only_added),
        cmocka_unit_test(killed_in_the_middle),
        cmocka_unit_test(two_processes_share),
        cmocka_unit_test(files_that_are_not_ours),
        cmocka_unit_test(damaged_pages),
        cmocka_unit_test(no_right_to_write),
        cmocka_unit_test(no_space),
        cmocka_unit_test(keys_tell_apart),
        cmocka_unit_test(key_bytes_are_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
