/* driver.c - runs a fuzz target without a fuzzer: each seed of a folder as it
 * is, cut short at many places, and with bytes changed. Everything follows from
 * the seed's bytes and one number, so that a failure comes back:
 *
 *   fuzz_gguf corpus/gguf                the whole replay
 *   fuzz_gguf corpus/gguf 20000          with that many changes per seed
 *   fuzz_gguf some/file                  one input, as libFuzzer does
 *
 * Before each input its recipe is kept in `doing`; a crash prints it. The input
 * is handed over in a block of exactly its size, so that the address sanitizer
 * sees a read of one byte too many. */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MAX_SEED = 1 << 20, CUTS = 400, CHANGES = 400, TOO_LONG_S = 20 };

static char   doing[512];
static size_t n_runs;

/* There under a sanitizer, which has its own handlers for what the hardware says. */
extern void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static void tell(void) {
    ssize_t ignored = write(STDERR_FILENO, doing, strlen(doing));
    (void)ignored;
}

static void on_crash(int sig) {
    tell();
    signal(sig, SIG_DFL);
    raise(sig);
}

static uint64_t next(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* One input. More than TOO_LONG_S seconds of it are a failure too: SIGALRM. */
static void feed(const uint8_t *p, size_t n) {
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact) exit(77);
    memcpy(exact, p, n);
    alarm(TOO_LONG_S);
    LLVMFuzzerTestOneInput(exact, n);
    alarm(0);
    free(exact);
    n_runs++;
}

/* Every length up to CUTS, then CUTS more, spread evenly. */
static void feed_cuts(const char *name, const uint8_t *p, size_t n) {
    size_t step = n > CUTS ? (n - CUTS) / CUTS + 1 : 1;
    for (size_t cut = 0; cut < n; cut += cut < CUTS ? 1 : step) {
        snprintf(doing, sizeof doing, "\nfuzz: %s cut to %zu bytes\n", name, cut);
        feed(p, cut);
    }
}

/* What parsers trip over: signs, ends of ranges, brackets, quotes. */
static const uint8_t nasty[] = {0,   1,   0x7F, 0x80, 0xFF, 0xFE, '"', '\\',
                                '{', '[', '}',  ']',  '-',  '0',  '9', ' '};

/* Change, remove, double or fill a few bytes of `work`; returns its new length. */
static size_t change(uint8_t *work, size_t n, uint64_t *rng) {
    for (uint64_t edits = 1 + next(rng) % 4; edits > 0 && n > 0; edits--) {
        size_t at = next(rng) % n, len = 1 + next(rng) % 8;
        if (len > n - at) len = n - at;
        switch (next(rng) % 6) {
        case 0: work[at] ^= (uint8_t)(1u << next(rng) % 8); break;
        case 1: work[at] = nasty[next(rng) % sizeof nasty]; break;
        case 2: work[at] = (uint8_t)next(rng); break;
        case 3: memset(work + at, nasty[next(rng) % 6], len); break;
        case 4:
            memmove(work + at, work + at + len, n - at - len);
            n -= len;
            break;
        case 5:
            memmove(work + at + len, work + at, n - at); /* room for 4 × 8 more */
            n += len;
            break;
        }
    }
    return n;
}

static void feed_changes(const char *name, const uint8_t *p, size_t n, long changes) {
    uint8_t *work = malloc(n + 64);
    if (!work) exit(77);
    for (long i = 0; i < changes; i++) {
        uint64_t rng = (uint64_t)i * 0x100000001B3u + n;
        memcpy(work, p, n);
        size_t m = change(work, n, &rng);
        snprintf(doing, sizeof doing, "\nfuzz: %s, change %ld\n", name, i);
        feed(work, m);
    }
    free(work);
}

static uint8_t *read_seed(const char *path, size_t *n) {
    FILE    *f = fopen(path, "rb");
    uint8_t *p = malloc(MAX_SEED);
    if (!f || !p) {
        fprintf(stderr, "fuzz: cannot read %s\n", path);
        exit(1);
    }
    *n = fread(p, 1, MAX_SEED, f);
    fclose(f);
    return p;
}

static void replay(const char *path, long changes, int whole_only) {
    size_t   n;
    uint8_t *p = read_seed(path, &n);
    snprintf(doing, sizeof doing, "\nfuzz: %s as it is\n", path);
    feed(p, n);
    if (!whole_only) {
        feed_cuts(path, p, n);
        feed_changes(path, p, n, changes);
    }
    free(p);
}

static void watch(void) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    signal(SIGABRT, on_crash);
    signal(SIGALRM, on_crash);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(tell);
        return;
    }
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) signal(faults[i], on_crash);
}

static int visible(const struct dirent *e) { return e->d_name[0] != '.'; }

int main(int argc, char **argv) {
    struct stat st;
    if (argc < 2 || stat(argv[1], &st) != 0) {
        fprintf(stderr, "usage: %s FOLDER|FILE [CHANGES]\n", argv[0]);
        return 2;
    }
    watch();
    long changes = argc > 2 ? strtol(argv[2], NULL, 10) : CHANGES;
    if (!S_ISDIR(st.st_mode)) {
        replay(argv[1], 0, 1);
        return 0;
    }
    struct dirent **names;
    int             n = scandir(argv[1], &names, visible, alphasort), seeds = 0;
    for (int i = 0; i < n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", argv[1], names[i]->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) replay(path, changes, 0), seeds++;
        free(names[i]);
    }
    if (n >= 0) free(names);
    printf("%d seeds, %zu inputs\n", seeds, n_runs);
    return seeds > 0 ? 0 : 1;
}
