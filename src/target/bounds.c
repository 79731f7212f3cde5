/* bounds.c - what a target allows: the least of all that limits a thing, and its name. */
#include "target/target.h"
#include <math.h>

/* -1 and NAN are "no bound". */
static void take(pr_target_bound *b, double value, const char *why) {
    if (!(value >= 0) || (b->why && b->value <= value)) return;
    *b = (pr_target_bound){value, why};
}

pr_target_bounds pr_target_bounds_of(const pr_target *t) {
    const pr_target_bound none = {-1, NULL}, none_f = {NAN, NULL};
    pr_target_bounds      b = {none, none, none, none_f, none_f};
    take(&b.download, (double)t->limit_download_bytes, "limits.download");
    take(&b.download, t->down_bytes_s * t->limit_download_s,
         "network.down x limits.download_seconds");
    take(&b.file, (double)t->limit_file_bytes, "limits.file");
    take(&b.file, (double)t->storage_free, "storage.free");
    take(&b.file, (double)t->storage_bytes, "storage.bytes");
    if (t->is_offline == 1)
        b.download = (pr_target_bound){0, "network.offline"};
    else if (b.download.why)
        take(&b.file, b.download.value, b.download.why);
    take(&b.memory, (double)t->limit_memory_bytes, "limits.memory");
    take(&b.memory, (double)t->memory_available, "memory.available");
    take(&b.memory, (double)t->memory_bytes, "memory.bytes");
    take(&b.watts, t->limit_watts, "limits.watts");
    take(&b.watts, t->watts, "power.watts");
    take(&b.latency, t->limit_latency_ms, "limits.latency_ms");
    return b;
}
