/* hw_doc.c - a machine as a document (docs/hardware.md). Always true: what is not told is null;
 * text of the machine's that is no UTF-8 is repaired, never a reason to fail. */
#include <math.h>
#include "target/target.h"

static void put_num(pr_doc_build *b, pare_doc *o, const char *key, double v) {
    if (isfinite(v)) pr_doc_set_f64(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

static void put_int(pr_doc_build *b, pare_doc *o, const char *key, int64_t v) {
    if (v >= 0) pr_doc_set_i64(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

static void put_str(pr_doc_build *b, pare_doc *o, const char *key, const char *v) {
    if (v) pr_doc_set_path(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

static void put_yes(pr_doc_build *b, pare_doc *o, const char *key, int v) {
    if (v >= 0) pr_doc_set_bool(b, o, key, v == 1);
    else pr_doc_set_null(b, o, key);
}

static void put_words(pr_doc_build *b, pare_doc *o, const char *key, const char *const *words) {
    pare_doc *a = pr_doc_set_array(b, o, key);
    for (size_t i = 0; words && words[i]; i++) pr_doc_add_str(b, a, words[i]);
}

static void clusters_doc(pr_doc_build *b, pare_doc *cpu, const pr_hw *hw) {
    pare_doc *a = pr_doc_set_array(b, cpu, "clusters");
    for (int i = 0; i < hw->n_clusters; i++) {
        const pr_hw_cluster *k = &hw->clusters[i];
        pare_doc            *o = pr_doc_add_object(b, a);
        put_str(b, o, "name", k->name);
        put_str(b, o, "cpus", k->cpus);
        pr_doc_set_i64(b, o, "cores", k->n_cores);
        pr_doc_set_i64(b, o, "threads", k->n_threads);
        put_num(b, o, "mhz_now", k->mhz_now);
        put_num(b, o, "mhz_max", k->mhz_max);
        put_int(b, o, "capacity", k->capacity);
    }
}

static void cpu_doc(pr_doc_build *b, pare_doc *d, const pr_hw *hw, uint32_t level_flags) {
    pare_doc *o = pr_doc_set_object(b, d, "cpu");
    char      names[512];
    put_str(b, o, "model", hw->cpu_model);
    put_str(b, o, "vendor", hw->cpu_vendor);
    put_str(b, o, "arch", hw->arch);
    pr_doc_set_i64(b, o, "sockets", hw->n_sockets);
    pr_doc_set_i64(b, o, "cores", hw->n_cores);
    pr_doc_set_i64(b, o, "threads", hw->n_threads);
    pr_doc_set_i64(b, o, "allowed", hw->n_allowed);
    put_num(b, o, "quota", hw->n_quota);
    pr_doc_set_i64(b, o, "usable", hw->n_usable);
    put_num(b, o, "mhz_now", hw->mhz_now);
    put_num(b, o, "mhz_max", hw->mhz_max);
    put_num(b, o, "mhz_cap", hw->mhz_cap);
    put_str(b, o, "governor", hw->governor);
    put_yes(b, o, "turbo", hw->has_turbo);
    put_str(b, o, "power_profile", hw->power_profile);
    pr_cpu_names(hw->cpu_flags, names, sizeof names);
    pr_doc_set_str(b, o, "simd", names);
    pr_doc_set_str(b, o, "level", pr_cpu_level(level_flags));
    put_str(b, o, "features", hw->features);
    clusters_doc(b, o, hw);
}

static void caches_doc(pr_doc_build *b, pare_doc *d, const pr_hw *hw) {
    pare_doc *a = pr_doc_set_array(b, d, "caches"), *o;
    for (int i = 0; i < hw->n_caches; i++) {
        const pr_hw_cache *c = &hw->caches[i];
        char               type[2] = {c->type, 0};
        o = pr_doc_add_object(b, a);
        pr_doc_set_i64(b, o, "level", c->level);
        pr_doc_set_str(b, o, "type", type);
        pr_doc_set_i64(b, o, "bytes", c->bytes);
        pr_doc_set_i64(b, o, "n", c->n);
        pr_doc_set_i64(b, o, "shared_by", c->n_sharing);
    }
    a = pr_doc_set_array(b, d, "nodes");
    for (int i = 0; i < hw->n_nodes; i++) {
        o = pr_doc_add_object(b, a);
        pr_doc_set_i64(b, o, "id", hw->nodes[i].id);
        put_int(b, o, "memory_bytes", hw->nodes[i].memory_bytes);
        put_str(b, o, "cpus", hw->nodes[i].cpus);
    }
}

static void heat_doc(pr_doc_build *b, pare_doc *d, const pr_hw *hw) {
    pare_doc *a = pr_doc_set_array(b, d, "thermals"), *o;
    for (int i = 0; i < hw->n_thermals; i++) {
        o = pr_doc_add_object(b, a);
        put_str(b, o, "name", hw->thermals[i].name);
        put_num(b, o, "celsius", hw->thermals[i].celsius);
        put_num(b, o, "passive", hw->thermals[i].passive);
        put_num(b, o, "critical", hw->thermals[i].critical);
    }
    o = pr_doc_set_object(b, d, "throttling");
    put_yes(b, o, "now", hw->is_throttled);
    put_str(b, o, "reason", hw->throttle_why);
    put_int(b, o, "events", hw->n_throttle_events);
}

static void memory_doc(pr_doc_build *b, pare_doc *d, const pr_hw *hw) {
    pare_doc *o = pr_doc_set_object(b, d, "memory");
    put_int(b, o, "bytes", hw->memory_bytes);
    put_int(b, o, "available_bytes", hw->available_bytes);
    put_int(b, o, "swap_bytes", hw->swap_bytes);
    put_int(b, o, "limit_bytes", hw->limit_bytes);
    put_int(b, o, "usable_bytes", hw->usable_bytes);
    o = pr_doc_set_object(b, d, "limits");
    put_str(b, o, "container", hw->container);
    put_int(b, o, "cgroup", hw->cgroup_version > 0 ? hw->cgroup_version : -1);
    put_num(b, o, "cpus", hw->n_quota);
    put_str(b, o, "cpuset", hw->cpuset);
    put_int(b, o, "memory_bytes", hw->limit_bytes);
    put_int(b, o, "memory_used_bytes", hw->limit_used_bytes);
    put_int(b, o, "swap_bytes", hw->limit_swap_bytes);
    put_int(b, o, "tasks", hw->limit_tasks);
    pare_doc *a = pr_doc_set_array(b, d, "storage");
    for (int i = 0; i < hw->n_disks; i++) {
        const pr_hw_disk *k = &hw->disks[i];
        o = pr_doc_add_object(b, a);
        put_str(b, o, "name", k->name);
        put_str(b, o, "kind", k->kind);
        put_str(b, o, "model", k->model);
        put_int(b, o, "bytes", k->bytes);
        put_yes(b, o, "removable", k->is_removable);
        put_str(b, o, "mount", k->mount);
        put_int(b, o, "free_bytes", k->free_bytes);
    }
}

static void accels_doc(pr_doc_build *b, pare_doc *d, const pr_hw *hw) {
    static const char *const kinds[PR_ACCEL_KINDS] = {"gpu", "npu", "vpu", "tpu", "other"};
    pare_doc                *a = pr_doc_set_array(b, d, "accelerators");
    for (int i = 0; i < hw->n_accels; i++) {
        const pr_hw_accel *x = &hw->accels[i];
        pare_doc          *o = pr_doc_add_object(b, a);
        pr_doc_set_str(b, o, "kind", kinds[x->kind]);
        put_str(b, o, "name", x->name);
        put_str(b, o, "driver", x->driver);
        put_str(b, o, "where", x->where);
        put_int(b, o, "node", x->node);
        put_yes(b, o, "unified", x->unified);
        put_int(b, o, "memory_bytes", x->memory_bytes);
        pr_doc_set_str(b, o, "state", pr_accel_state_name(x->state));
        put_str(b, o, "device_file", x->file);
        put_str(b, o, "library", x->library);
        put_words(b, o, "runners", x->runners);
        put_words(b, o, "formats", x->formats);
        put_str(b, o, "reason", x->reason);
    }
}

static void power_doc(pr_doc_build *b, pare_doc *d, const pr_hw *hw) {
    pare_doc *a = pr_doc_set_array(b, d, "batteries"), *o;
    for (int i = 0; i < hw->n_batteries; i++) {
        const pr_hw_battery *x = &hw->batteries[i];
        o = pr_doc_add_object(b, a);
        put_str(b, o, "name", x->name);
        put_str(b, o, "status", x->status);
        put_num(b, o, "charge", x->charge);
        put_num(b, o, "energy_wh", x->energy_wh);
        put_num(b, o, "full_wh", x->full_wh);
        put_num(b, o, "design_wh", x->design_wh);
        put_int(b, o, "cycles", x->cycles);
        put_num(b, o, "power_w", x->power_w);
    }
    put_yes(b, d, "mains", hw->on_mains);
    a = pr_doc_set_array(b, d, "sensors");
    for (int i = 0; i < hw->n_sensors; i++) {
        o = pr_doc_add_object(b, a);
        put_str(b, o, "name", hw->sensors[i].name);
        put_str(b, o, "measures", hw->sensors[i].scope);
        pr_doc_set_bool(b, o, "counts_joules", hw->sensors[i].is_counter);
        put_str(b, o, "reason", hw->sensors[i].why);
    }
}

static void nets_doc(pr_doc_build *b, pare_doc *d, const pr_hw *hw) {
    pare_doc *a = pr_doc_set_array(b, d, "network"), *o;
    for (int i = 0; i < hw->n_nets; i++) {
        o = pr_doc_add_object(b, a);
        put_str(b, o, "name", hw->nets[i].name);
        put_str(b, o, "kind", hw->nets[i].kind);
        pr_doc_set_bool(b, o, "up", hw->nets[i].is_up);
        pr_doc_set_bool(b, o, "wireless", hw->nets[i].is_wireless);
        put_int(b, o, "mbit_s", hw->nets[i].mbit_s);
        put_yes(b, o, "metered", hw->nets[i].is_metered);
    }
    pr_doc_set_bool(b, d, "offline", hw->is_offline);
    put_yes(b, d, "route", hw->has_route);
    put_yes(b, d, "metered", hw->is_metered);
}

void pr_hw_doc(const pr_hw *hw, uint32_t level_flags, pr_doc_build *b, pare_doc *obj) {
    pr_doc_set_i64(b, obj, "schema", 1);
    put_str(b, obj, "board", hw->board);
    put_str(b, obj, "system", hw->os);
    put_str(b, obj, "kernel", hw->kernel);
    pr_doc_set_bool(b, obj, "virtual", hw->is_virtual);
    pr_doc_set_bool(b, obj, "container", hw->is_container);
    pr_doc_set_str(b, obj, "id", hw->id);
    cpu_doc(b, obj, hw, level_flags);
    caches_doc(b, obj, hw);
    heat_doc(b, obj, hw);
    memory_doc(b, obj, hw);
    accels_doc(b, obj, hw);
    power_doc(b, obj, hw);
    nets_doc(b, obj, hw);
    pare_doc *a = pr_doc_set_array(b, obj, "notes");
    for (int i = 0; i < hw->n_notes; i++) pr_doc_add_path(b, a, hw->notes[i]);
}
