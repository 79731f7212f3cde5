/* hw_text.c - a machine, a target, the list of targets: tables of their documents. Always true:
 * nothing is said that the document does not say; what is null is left out or shown as –. */
#include <math.h>
#include <string.h>
#include "hw_text.h"

static double num(const pare_doc *d, const char *path) {
    return pare_doc_num(pare_doc_path(d, path));
}

static bool yes(const pare_doc *d, const char *path) {
    return pare_doc_bool(pare_doc_path(d, path));
}

/* true and false are told; null is neither. */
static bool told(const pare_doc *d, const char *path) {
    pare_doc_type k = pare_doc_kind(pare_doc_path(d, path));
    return k != PARE_DOC_NONE && k != PARE_DOC_NULL;
}

/* ---- the machine ---------------------------------------------------------- */

static void show_cpu(table *t, const pare_doc *d) {
    human  h;
    cell   x, y;
    double quota = num(d, "cpu/quota"), mhz = num(d, "cpu/mhz_max");
    char   speed[48] = "", limit[64] = "";
    if (!isnan(mhz)) snprintf(speed, sizeof speed, ", up to %.0f MHz", mhz);
    if (!isnan(quota)) snprintf(limit, sizeof limit, ", limited to %.2g by the container", quota);
    table_row(t, INK_PLAIN, "CPU|%s (%s)%s", show_cell(x, show_str(d, "cpu/model")),
              show_str(d, "cpu/arch"), speed);
    table_row(t, INK_PLAIN, "|%s cores, %lld threads, %lld usable here%s",
              show_count(h, d, "cpu/cores"),
              (long long)pare_doc_int(pare_doc_path(d, "cpu/threads")),
              (long long)pare_doc_int(pare_doc_path(d, "cpu/usable")), limit);
    const pare_doc *k = pare_doc_path(d, "cpu/clusters");
    for (size_t i = 0; pare_doc_count(k) > 1 && i < pare_doc_count(k); i++) {
        const pare_doc *o = pare_doc_at(k, i);
        speed[0] = 0;
        if (!isnan(num(o, "mhz_max")))
            snprintf(speed, sizeof speed, ", up to %.0f MHz", num(o, "mhz_max"));
        table_row(t, INK_PLAIN, "|%.0f %s (CPU %s)%s", num(o, "cores"),
                  show_cell(x, told(o, "name") ? show_str(o, "name") : "cores"),
                  show_cell(y, show_str(o, "cpus")), speed);
    }
    const char *simd = show_str(d, "cpu/simd");
    table_row(t, INK_PLAIN, "SIMD|%s", *simd ? simd : "none that pare knows");
    table_row(t, INK_PLAIN, "|kernels run at level %s", show_str(d, "cpu/level"));
}

/* Settings of the clock, and what holds it down. */
static void show_clock(table *t, const pare_doc *d) {
    char   text[320] = "";
    size_t n = 0;
    cell   x;
    if (!isnan(num(d, "cpu/mhz_now")))
        n += (size_t)snprintf(text, sizeof text, "%.0f MHz now", num(d, "cpu/mhz_now"));
    if (told(d, "cpu/governor"))
        n += (size_t)snprintf(text + n, sizeof text - n, "%sgovernor %.40s", n ? ", " : "",
                              show_cell(x, show_str(d, "cpu/governor")));
    if (told(d, "cpu/power_profile"))
        n += (size_t)snprintf(text + n, sizeof text - n, "%sprofile %.40s", n ? ", " : "",
                              show_cell(x, show_str(d, "cpu/power_profile")));
    if (told(d, "cpu/turbo") && !yes(d, "cpu/turbo"))
        n += (size_t)snprintf(text + n, sizeof text - n, "%sturbo is switched off", n ? ", " : "");
    if (n) table_row(t, INK_PLAIN, "clock|%s", text);
    if (told(d, "cpu/mhz_cap"))
        table_row(t, INK_YELLOW, "|kept below %.0f MHz by a setting", num(d, "cpu/mhz_cap"));
    if (yes(d, "throttling/now"))
        table_row(t, INK_RED, "%s|throttled: %s", n ? "" : "clock",
                  show_cell(x, show_str(d, "throttling/reason")));
    const pare_doc *zones = pare_doc_get(d, "thermals"), *hot = NULL;
    for (size_t i = 0; i < pare_doc_count(zones); i++)
        if (!hot || num(pare_doc_at(zones, i), "celsius") > num(hot, "celsius"))
            hot = pare_doc_at(zones, i);
    if (!hot) return;
    char events[64] = "";
    if (num(d, "throttling/events") > 0)
        snprintf(events, sizeof events, ", slowed down %.0f times since the start",
                 num(d, "throttling/events"));
    table_row(t, INK_PLAIN, "heat|%.0f °C at the hottest (%s)%s", num(hot, "celsius"),
              show_cell(x, show_str(hot, "name")), events);
}

static void show_caches(table *t, const pare_doc *d) {
    human           h;
    cell            x;
    const pare_doc *caches = pare_doc_get(d, "caches"), *nodes = pare_doc_get(d, "nodes");
    for (size_t i = 0; i < pare_doc_count(caches); i++) {
        const pare_doc *o = pare_doc_at(caches, i);
        const char     *kind = show_str(o, "type");
        table_row(t, INK_PLAIN, "%s|L%lld%s %s × %lld", i ? "" : "caches",
                  (long long)pare_doc_int(pare_doc_get(o, "level")), *kind == 'u' ? "" : kind,
                  show_bytes(h, o, "bytes"), (long long)pare_doc_int(pare_doc_get(o, "n")));
    }
    for (size_t i = 0; pare_doc_count(nodes) > 1 && i < pare_doc_count(nodes); i++) {
        const pare_doc *o = pare_doc_at(nodes, i);
        table_row(t, INK_PLAIN, "%s|node %.0f: %s, CPU %s", i ? "" : "NUMA", num(o, "id"),
                  show_bytes(h, o, "memory_bytes"), show_cell(x, show_str(o, "cpus")));
    }
}

static void show_memory(table *t, const pare_doc *d) {
    human           all, available, limit;
    const pare_doc *bw = pare_doc_get(d, "bandwidth"), *disks = pare_doc_get(d, "storage");
    table_row(t, INK_PLAIN, "memory|%s, %s available", show_bytes(all, d, "memory/bytes"),
              show_bytes(available, d, "memory/available_bytes"));
    if (told(d, "memory/limit_bytes"))
        table_row(t, INK_PLAIN, "|limited to %s by the container, %s left",
                  show_bytes(limit, d, "memory/limit_bytes"),
                  show_bytes(available, d, "memory/usable_bytes"));
    if (bw)
        table_row(t, INK_PLAIN,
                  "|read at %.1f GB/s (median of %lld runs; %.1f to %.1f), %lld threads",
                  num(bw, "median_gb_s"), (long long)pare_doc_int(pare_doc_get(bw, "runs")),
                  num(bw, "least_gb_s"), num(bw, "best_gb_s"),
                  (long long)pare_doc_int(pare_doc_get(bw, "threads")));
    for (size_t i = 0; i < pare_doc_count(disks); i++) {
        const pare_doc *o = pare_doc_at(disks, i);
        cell            x, y;
        char            at[220] = "";
        if (told(o, "mount") && told(o, "free_bytes"))
            snprintf(at, sizeof at, " on %.120s, %s free", show_cell(y, show_str(o, "mount")),
                     show_bytes(available, o, "free_bytes"));
        else if (told(o, "mount"))
            snprintf(at, sizeof at, " on %.120s", show_cell(y, show_str(o, "mount")));
        table_row(t, INK_PLAIN, "%s|%s (%s%s), %s%s", i ? "" : "storage",
                  show_cell(x, show_str(o, "name")), show_str(o, "kind"),
                  yes(o, "removable") ? ", removable" : "", show_bytes(all, o, "bytes"), at);
    }
}

static void show_words(char *dst, size_t cap, const pare_doc *list) {
    size_t n = 0;
    dst[0] = 0;
    for (size_t i = 0; i < pare_doc_count(list) && n < cap; i++) {
        const char *s = pare_doc_str(pare_doc_at(list, i));
        cell        x;
        n += (size_t)snprintf(dst + n, cap - n, "%s%s", i ? ", " : "", show_cell(x, s ? s : ""));
    }
}

static void show_accels(table *t, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "accelerators");
    cell            x, y;
    human           h;
    char            words[160];
    if (pare_doc_count(a) == 0) table_row(t, INK_PLAIN, "accelerators|none found");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        const char     *state = show_str(o, "state");
        char            memory[64] = "";
        if (told(o, "memory_bytes"))
            snprintf(memory, sizeof memory, ", %s of its own", show_bytes(h, o, "memory_bytes"));
        else if (yes(o, "unified"))
            snprintf(memory, sizeof memory, ", in main memory");
        table_row(t, strcmp(state, "beneficial") == 0 ? INK_GREEN : INK_PLAIN,
                  "%s|%s %s (driver %s%s): %s", i ? "" : "accelerators", show_str(o, "kind"),
                  show_cell(x, show_str(o, "name")), show_cell(y, show_str(o, "driver")), memory,
                  state);
        show_words(words, sizeof words, pare_doc_get(o, "runners"));
        if (*words && strcmp(state, "present") != 0)
            table_row(t, INK_PLAIN, "|  for %s: %s", words, show_cell(x, show_str(o, "reason")));
        else
            table_row(t, INK_PLAIN, "|  %s", show_cell(x, show_str(o, "reason")));
    }
}

static void show_power(table *t, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "sensors");
    cell            x, y;
    if (pare_doc_count(a) == 0)
        table_row(t, INK_PLAIN, "energy|no counter found: energy is not measured here");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        const char     *why = pare_doc_str(pare_doc_get(o, "reason"));
        table_row(t, INK_PLAIN, "%s|%s (%s)%s%s", i ? "" : "energy",
                  show_cell(x, show_str(o, "name")), show_str(o, "measures"),
                  why ? ": cannot be read: " : "", why ? show_cell(y, why) : "");
    }
    a = pare_doc_get(d, "batteries");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        char            left[96] = "";
        if (told(o, "charge") && told(o, "full_wh"))
            snprintf(left, sizeof left, ", %.0f %% of %.1f Wh", num(o, "charge") * 100,
                     num(o, "full_wh"));
        else if (told(o, "charge"))
            snprintf(left, sizeof left, ", %.0f %%", num(o, "charge") * 100);
        table_row(t, INK_PLAIN, "%s|%s, %s%s", i ? "" : "battery",
                  show_cell(x, show_str(o, "name")), show_cell(y, show_str(o, "status")), left);
    }
}

static void show_nets(table *t, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "network");
    cell            x;
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        char            speed[48] = "";
        if (told(o, "mbit_s")) snprintf(speed, sizeof speed, ", %.0f Mbit/s", num(o, "mbit_s"));
        table_row(t, INK_PLAIN, "%s|%s (%s), %s%s%s", i ? "" : "network",
                  show_cell(x, show_str(o, "name")), show_str(o, "kind"),
                  yes(o, "up") ? "up" : "down", speed, yes(o, "metered") ? ", metered" : "");
    }
    const char *label = pare_doc_count(a) ? "" : "network";
    if (yes(d, "offline")) table_row(t, INK_YELLOW, "%s|offline: no interface is up", label);
    else if (told(d, "route") && !yes(d, "route"))
        table_row(t, INK_YELLOW, "%s|offline: no route leads out of the local network", label);
}

/* "1.23 Top/s (1.20 to 1.25, 120 runs)" */
static void show_peak(table *t, const char *label, const char *what, const pare_doc *o,
                      const char *unit) {
    static const char prefixes[] = " kMGTP";
    double            v = num(o, "value"), scale = 1;
    int               p = 0;
    char              tail[160] = "";
    cell              x;
    if (!told(o, "value")) return;
    while (v / scale >= 1000 && p < 5) scale *= 1000, p++;
    if (told(o, "lo"))
        snprintf(tail, sizeof tail, " (%.3g to %.3g", num(o, "lo") / scale, num(o, "hi") / scale);
    if (told(o, "n") && *tail)
        snprintf(tail + strlen(tail), sizeof tail - strlen(tail), ", %.0f runs", num(o, "n"));
    if (*tail) strcat(tail, ")");
    if (told(o, "basis"))
        snprintf(tail + strlen(tail), sizeof tail - strlen(tail), ", %s: %.100s",
                 show_str(o, "basis"), show_cell(x, show_str(o, "source")));
    table_row(t, INK_PLAIN, "%s|%s %.3g %c%s%s", label, what, v / scale, prefixes[p], unit, tail);
}

static void show_peaks(table *t, const pare_doc *d) {
    const pare_doc *p = pare_doc_get(d, "peaks");
    if (pare_doc_kind(p) != PARE_DOC_OBJECT) {
        table_row(t, INK_DIM, "peaks|not known: %s", show_str(d, "peaks_reason"));
        return;
    }
    show_peak(t, "peaks", "memory, all threads:", pare_doc_get(p, "bandwidth"), "B/s");
    show_peak(t, "", "memory, one thread:", pare_doc_get(p, "bandwidth_1"), "B/s");
    show_peak(t, "", "float32, all threads:", pare_doc_get(p, "f32"), "op/s");
    show_peak(t, "", "int8, all threads:", pare_doc_get(p, "int8"), "op/s");
}

void hw_show(cli *c, const pare_doc *d) {
    table          *t = table_new("machine|");
    cell            x, y, z;
    const pare_doc *notes = pare_doc_get(d, "notes");
    const char     *box = pare_doc_str(pare_doc_path(d, "limits/container"));
    table_row(t, INK_PLAIN, "system|%s, kernel %s%s%s%s%s", show_cell(x, show_str(d, "system")),
              show_cell(y, show_str(d, "kernel")), yes(d, "virtual") ? ", virtual machine" : "",
              yes(d, "container") ? ", in a container (" : "", box ? show_cell(z, box) : "",
              box ? ")" : "");
    if (pare_doc_str(pare_doc_get(d, "board")))
        table_row(t, INK_PLAIN, "board|%s", show_cell(x, show_str(d, "board")));
    show_cpu(t, d);
    show_clock(t, d);
    show_caches(t, d);
    show_memory(t, d);
    show_accels(t, d);
    show_power(t, d);
    show_nets(t, d);
    show_peaks(t, d);
    for (size_t i = 0; i < pare_doc_count(notes); i++)
        table_row(t, INK_YELLOW, "%s|%s", i ? "" : "note",
                  show_cell(x, pare_doc_str(pare_doc_at(notes, i))));
    table_row(t, INK_PLAIN, "id|%.16s", show_str(d, "id"));
    table_print(c, t);
}

/* ---- targets -------------------------------------------------------------- */

static void show_bound(table *t, const pare_doc *d, const char *label, const char *what,
                       const char *key) {
    const pare_doc *o = pare_doc_get(pare_doc_get(d, "bounds"), key);
    human           h;
    if (pare_doc_kind(o) != PARE_DOC_OBJECT) return;
    if (strstr(key, "bytes"))
        table_row(t, INK_PLAIN, "%s|%s at most %s (%s)", label, what, show_bytes(h, o, "value"),
                  show_str(o, "why"));
    else
        table_row(t, INK_PLAIN, "%s|%s at most %.4g (%s)", label, what, num(o, "value"),
                  show_str(o, "why"));
}

static void show_target_accels(table *t, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "accelerators");
    cell            x;
    human           h;
    char            words[160];
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        char            memory[64] = "";
        if (told(o, "memory"))
            snprintf(memory, sizeof memory, ", %s of its own", show_bytes(h, o, "memory"));
        else if (yes(o, "unified"))
            snprintf(memory, sizeof memory, ", in main memory");
        show_words(words, sizeof words, pare_doc_get(o, "runners"));
        table_row(t, INK_PLAIN, "%s|%s %s%s: %s%s%s", i ? "" : "accelerators", show_str(o, "kind"),
                  show_cell(x, show_str(o, "name")), memory, show_str(o, "state"),
                  *words ? ", for " : "", words);
        if (told(o, "reason"))
            table_row(t, INK_PLAIN, "|  %s", show_cell(x, show_str(o, "reason")));
        show_peak(t, "", "  memory", pare_doc_get(o, "bandwidth"), "B/s");
        show_peak(t, "", "  float16", pare_doc_get(o, "f16"), "op/s");
        show_peak(t, "", "  int8", pare_doc_get(o, "int8"), "op/s");
    }
}

static void show_target_parts(table *t, const pare_doc *d) {
    human h, g;
    char  words[300];
    cell  x, y;
    table_row(t, INK_PLAIN, "CPU|%s (%s), %s cores", show_cell(x, show_str(d, "cpu/model")),
              show_cell(y, show_str(d, "arch")), show_count(h, d, "cpu/cores"));
    show_words(words, sizeof words, pare_doc_path(d, "cpu/simd"));
    if (*words) table_row(t, INK_PLAIN, "SIMD|%s", words);
    if (told(d, "memory/available"))
        table_row(t, INK_PLAIN, "memory|%s, %s available", show_bytes(h, d, "memory/bytes"),
                  show_bytes(g, d, "memory/available"));
    else
        table_row(t, INK_PLAIN, "memory|%s", show_bytes(h, d, "memory/bytes"));
    if (told(d, "storage/bytes"))
        table_row(t, INK_PLAIN, "storage|%s, %s free", show_bytes(h, d, "storage/bytes"),
                  show_bytes(g, d, "storage/free"));
    if (told(d, "power/battery") || told(d, "power/watts")) {
        char watts[48] = "";
        if (told(d, "power/watts"))
            snprintf(watts, sizeof watts, ", %.4g W for long", num(d, "power/watts"));
        table_row(t, INK_PLAIN, "power|%s%s",
                  !told(d, "power/battery")  ? "not told"
                  : yes(d, "power/battery") ? "battery"
                                             : "mains",
                  watts);
    }
    if (told(d, "network/offline"))
        table_row(t, INK_PLAIN, "network|%s%s", yes(d, "network/offline") ? "offline" : "online",
                  yes(d, "network/metered") ? ", metered" : "");
}

void hw_show_target(cli *c, const pare_doc *d) {
    table *t = table_new("target|");
    cell   x, y;
    char   words[300];
    table_row(t, INK_PLAIN, "name|%s (%s)", show_str(d, "name"),
              show_cell(x, show_str(d, "source")));
    if (told(d, "about")) table_row(t, INK_PLAIN, "|%s", show_cell(x, show_str(d, "about")));
    table_row(t, INK_PLAIN, "platform|%s, %s, %s", show_str(d, "platform"), show_str(d, "kind"),
              show_cell(y, show_str(d, "os")));
    show_target_parts(t, d);
    show_target_accels(t, d);
    show_peak(t, "peaks", "memory", pare_doc_path(d, "peaks/bandwidth"), "B/s");
    show_peak(t, "", "float32", pare_doc_path(d, "peaks/f32"), "op/s");
    show_peak(t, "", "int8", pare_doc_path(d, "peaks/int8"), "op/s");
    show_words(words, sizeof words, pare_doc_get(d, "runners"));
    if (*words) table_row(t, INK_PLAIN, "runners|%s", words);
    show_bound(t, d, "bounds", "memory", "memory_bytes");
    show_bound(t, d, "", "files", "file_bytes");
    show_bound(t, d, "", "download", "download_bytes");
    show_bound(t, d, "", "watts", "watts");
    show_bound(t, d, "", "ms per token", "latency_ms");
    table_print(c, t);
}

void hw_show_targets(cli *c, const pare_doc *list) {
    table *t = table_new("target|platform|");
    cell   x;
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *o = pare_doc_at(list, i);
        table_row(t, INK_PLAIN, "%s|%s|%s", show_str(o, "name"), show_str(o, "platform"),
                  show_cell(x, show_str(o, "about")));
    }
    table_print(c, t);
}
