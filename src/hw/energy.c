/* energy.c - the meter: joules since open, from the best counters of the machine.
 *
 * Always true: the joules never fall; one kind of sensor is read, and no zone that is
 * part of another; after the first failure the meter only repeats it. Counters are
 * differenced with their stated range added when they start again; a counter without
 * a range that falls is a failure, not a guess. Power-only sensors are integrated
 * by trapezes between samples. */
#include "sensor.h"
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <time.h>

enum { ENERGY_MAX = 16, SAMPLE_MS = 50, COUNTER_MS = 60000 };

typedef struct {
    hw_sensor s;
    double last; /* µJ, or W, at last_ns */
} meter;

struct pr_energy {
    pr_arena *a;
    char *root;
    meter m[ENERGY_MAX];
    size_t n;
    const char *why, *source;
    bool is_sampled;
    double joules;
    uint64_t last_ns;
    bool is_broken;
    char broken[256];
    pthread_mutex_t lock;
    pthread_cond_t stop_cond;
    pthread_t thread;
    bool has_thread, stop;
};

/* ---- choosing ---- */

static bool rapl_counts(const hw_sensor *s, bool has_package) {
    const char *name = s->pub.name, *slash = strchr(name, '/');
    if (!has_package) return strcmp(name, "psys") == 0;
    if (!slash) return strncmp(name, "package", 7) == 0;
    return strncmp(name, "package", 7) == 0 && strcmp(slash, "/dram") == 0;
}

static void meter_take(pr_energy *e, const hw_sensor *s) {
    if (e->n < ENERGY_MAX) e->m[e->n++].s = *s;
}

/* All packages or none: half of a machine is not its energy. NULL, or why not. */
static const char *choose_rapl(pr_energy *e, const hw_sensor *s, size_t n) {
    bool has_package = false;
    const char *why = NULL;
    for (size_t i = 0; i < n; i++)
        has_package = has_package || (s[i].pub.kind == PR_SENSOR_RAPL &&
                                      strncmp(s[i].pub.name, "package", 7) == 0);
    for (size_t i = 0; i < n && !why; i++) {
        if (s[i].pub.kind != PR_SENSOR_RAPL || !rapl_counts(&s[i], has_package)) continue;
        why = s[i].pub.why;
        meter_take(e, &s[i]);
    }
    if (why) e->n = 0;
    return why ? why : e->n ? NULL : "none";
}

/* Does `s` measure another part of the machine, as `best` measures one? Else only the
 * first counts: which of several rails hold one another, sysfs does not tell. */
static bool hwmon_adds(const hw_sensor *best, const hw_sensor *s) {
    if (s->pub.kind != PR_SENSOR_HWMON || s->rank != best->rank || s->unit != best->unit)
        return false;
    return best->rank == HWMON_PACKAGE ||
           (best->rank == HWMON_SOCKETS && strcmp(s->chip, best->chip) == 0);
}

/* The chip of least rank, with what adds to it; all parts or none, as with RAPL. */
static const char *choose_hwmon(pr_energy *e, const hw_sensor *s, size_t n) {
    const hw_sensor *best = NULL;
    const char *why = "none";
    for (size_t i = 0; i < n; i++) {
        if (s[i].pub.kind != PR_SENSOR_HWMON || s[i].rank < 0) continue;
        if (s[i].pub.why)
            why = s[i].pub.why;
        else if (!best || s[i].rank < best->rank)
            best = &s[i];
    }
    if (!best) return why;
    for (size_t i = 0; i < n; i++) {
        if (&s[i] != best && !hwmon_adds(best, &s[i])) continue;
        if (s[i].pub.why) return e->n = 0, s[i].pub.why;
        meter_take(e, &s[i]);
    }
    return NULL;
}

static const char *choose_battery(pr_energy *e, const hw_sensor *s, size_t n) {
    const char *why = "none";
    for (size_t i = 0; i < n; i++) {
        if (s[i].pub.kind != PR_SENSOR_BATTERY) continue;
        if (s[i].pub.why)
            why = s[i].pub.why;
        else
            meter_take(e, &s[i]);
    }
    return e->n ? NULL : why;
}

static void choose(pr_energy *e, hw_tree *t, const hw_sensor *s, size_t n) {
    const char *rapl = choose_rapl(e, s, n), *hwmon = NULL, *battery = NULL, *kind = "RAPL";
    if (rapl) kind = "hwmon", hwmon = choose_hwmon(e, s, n);
    if (hwmon) kind = "battery", battery = choose_battery(e, s, n);
    if (battery) {
        e->why = tree_str(t,
                          "no powercap, hwmon or battery counter is readable: powercap: %s; "
                          "hwmon: %s; battery: %s",
                          rapl, hwmon, battery);
        return;
    }
    for (size_t i = 0; i < e->n; i++) {
        const pr_hw_sensor *p = &e->m[i].s.pub;
        e->source = e->source ? tree_str(t, "%s + %s", e->source, p->name)
                              : tree_str(t, "%s %s", kind, p->name);
        e->is_sampled = e->is_sampled || !p->is_counter;
    }
    e->source = tree_str(t, "%s: %s%s", e->source, e->m[0].s.pub.scope,
                         strstr(e->source, "/dram") ? " and its memory" : "");
}

/* ---- reading (with the lock held) ---- */

static pare_status meter_fail(pr_energy *e, const char *why, pare_err *err) {
    if (!e->is_broken) {
        size_t n = PR_MIN(strlen(why), sizeof e->broken - 1);
        memcpy(e->broken, why, n);
        e->broken[n] = 0;
    }
    e->is_broken = true;
    return pr_fail(err, PARE_EENV, -1, "the energy counter stopped answering: %s", e->broken);
}

/* Joules that sensor `m` adds for the step to `now_ns`; NULL, or why there are none. */
static const char *meter_step(hw_tree *t, meter *m, double seconds, bool is_first,
                              double *joules) {
    double v;
    const char *why = NULL;
    *joules = 0;
    if (!sensor_read(t, &m->s, &v, &why)) return why ? why : "unreadable";
    if (is_first) {
        m->last = v;
        return NULL;
    }
    if (m->s.unit == READ_UJ) {
        double d = v - m->last;
        if (d < 0 && !(m->s.range > 0))
            return tree_str(t, "%s: counts backwards", m->s.pub.name);
        if (d < 0) d += m->s.range;
        if (d < 0) return tree_str(t, "%s: beyond its own range", m->s.pub.name);
        *joules = d / 1e6;
    } else {
        *joules = (v + m->last) / 2 * seconds;
    }
    m->last = v;
    return NULL;
}

static pare_status energy_tick(pr_energy *e, uint64_t now_ns, bool is_first, pare_err *err) {
    if (e->why) return pr_fail(err, PARE_EENV, -1, "%s", e->why);
    if (e->is_broken) return meter_fail(e, e->broken, err);
    pr_arena *scratch = pr_arena_new(1 << 20);
    if (!scratch) return pr_fail_nomem(err, 1 << 20);
    hw_tree t = {.root = e->root, .a = scratch};
    double seconds = now_ns > e->last_ns ? (double)(now_ns - e->last_ns) / 1e9 : 0, sum = 0;
    pare_status st = PARE_OK;
    for (size_t i = 0; i < e->n && st == PARE_OK; i++) {
        double joules;
        const char *why = meter_step(&t, &e->m[i], seconds, is_first, &joules);
        if (why) st = meter_fail(e, why, err);
        sum += joules;
    }
    if (st == PARE_OK) e->joules += sum;
    e->last_ns = now_ns;
    pr_arena_free(scratch);
    return st;
}

pare_status pr_energy_tick_at(pr_energy *e, uint64_t now_ns, double *joules, pare_err *err) {
    pthread_mutex_lock(&e->lock);
    pare_status st = energy_tick(e, now_ns, false, err);
    *joules = st == PARE_OK ? e->joules : 0;
    pthread_mutex_unlock(&e->lock);
    return st;
}

pare_status pr_energy_read(pr_energy *e, double *joules, pare_err *err) {
    return pr_energy_tick_at(e, pr_now_ns(), joules, err);
}

/* ---- the sampling thread ---- */

static void *energy_thread(void *arg) {
    pr_energy *e = arg;
    int ms = e->is_sampled ? SAMPLE_MS : COUNTER_MS;
    pthread_mutex_lock(&e->lock);
    while (!e->stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += ms / 1000;
        until.tv_nsec += ms % 1000 * 1000000L;
        if (until.tv_nsec >= 1000000000L) until.tv_nsec -= 1000000000L, until.tv_sec++;
        int rc = 0;
        while (!e->stop && rc == 0)
            rc = pthread_cond_timedwait(&e->stop_cond, &e->lock, &until);
        if (!e->stop) (void)energy_tick(e, pr_now_ns(), false, NULL);
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

/* ---- opening and closing ---- */

static pare_status energy_find(pr_energy *e, const char *root, pare_err *err) {
    e->a = pr_arena_new(8 << 20);
    if (!e->a) return pr_fail_nomem(err, 8 << 20);
    e->root = pr_arena_str(e->a, root, strlen(root));
    hw_tree t = {.root = root, .a = e->a};
    size_t n;
    hw_sensor *s = sensors_find(&t, &n);
    if (s) choose(e, &t, s, n);
    if (t.no_memory || !e->root) return pr_fail_nomem(err, 8 << 20);
    e->last_ns = pr_now_ns();
    return PARE_OK;
}

pare_status pr_energy_open_manual(pr_energy **out, const char *root, pare_err *err) {
    *out = NULL;
    pr_energy *e = pr_calloc(1, sizeof *e);
    if (!e) return pr_fail_nomem(err, sizeof *e);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&e->stop_cond, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&e->lock, NULL);
    pare_status st = energy_find(e, root && strcmp(root, "/") != 0 ? root : "", err);
    if (st != PARE_OK) {
        pr_energy_close(e);
        return st;
    }
    /* The first sample. Failing now means that the sensor went away since it was found:
     * the meter is open, and every read says so. */
    if (!e->why) (void)energy_tick(e, e->last_ns, true, NULL);
    *out = e;
    return PARE_OK;
}

pare_status pr_energy_open(pr_energy **out, const char *root, pare_err *err) {
    PR_TRY(pr_energy_open_manual(out, root, err));
    if ((*out)->why) return PARE_OK;
    if (pthread_create(&(*out)->thread, NULL, energy_thread, *out) != 0) {
        pr_energy_close(*out);
        *out = NULL;
        return pr_fail(err, PARE_EENV, -1, "cannot start a thread for the energy sensors");
    }
    (*out)->has_thread = true;
    return PARE_OK;
}

const char *pr_energy_why(const pr_energy *e) {
    return e->why;
}
const char *pr_energy_source(const pr_energy *e) {
    return e->source;
}
bool pr_energy_is_sampled(const pr_energy *e) {
    return e->is_sampled;
}

void pr_energy_close(pr_energy *e) {
    if (!e) return;
    if (e->has_thread) {
        pthread_mutex_lock(&e->lock);
        e->stop = true;
        pthread_cond_signal(&e->stop_cond);
        pthread_mutex_unlock(&e->lock);
        pthread_join(e->thread, NULL);
    }
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->stop_cond);
    pr_arena_free(e->a);
    pr_free(e);
}
