/* container.c - opening by what a file holds, and the lookups all kinds share.
 *
 * Always true after opening: every tensor's data lie in its file's mapping,
 * names are unique, and nothing changes until close. */
#include "container.h"
#include <stdarg.h>
#include <stdio.h>

/* Add a kind of file: one line here, one file beside this. */
static const pr_format *const FORMATS[] = {&pr_format_gguf, &pr_format_safetensors,
                                           &pr_format_onnx, &pr_format_openvino};

enum { ARENA_MAX = 1 << 30 };

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), k = strlen(end);
    return n >= k && strcmp(s + n - k, end) == 0;
}

pare_status pr_container_fail(const pr_container *c, int file, pare_err *err, pare_status st,
                              int64_t pos, const char *fmt, ...) {
    char    msg[sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    pr_fail(err, st, pos, "%s", msg);
    return pr_fail_in(err, st, c->files[file].path);
}

bool pr_dims_product(const uint64_t *dim, int n, uint64_t *product) {
    *product = 1;
    for (int i = 0; i < n; i++)
        if (!pr_mul_u64(*product, dim[i], product)) return false;
    return true;
}

pare_status pr_container_map(pr_container *c, const char *path, pare_err *err) {
    if (c->n_files == PR_FILES_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "over %d files, expected at most that", PR_FILES_MAX);
    pr_map *more = pr_realloc(c->files, (size_t)c->n_files + 1, sizeof *more);
    if (!more) return pr_fail_nomem(err, sizeof *more);
    c->files = more;
    PR_TRY(pr_map_open(&c->files[c->n_files], path, err));
    c->n_files++;
    return PARE_OK;
}

pare_status pr_container_reserve(pr_container *c, uint64_t n, pare_err *err) {
    uint64_t total;
    if (!pr_add_u64(c->n_tensors, n, &total) || total >= UINT32_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "over 2^32 tensors");
    if (total <= c->cap_tensors && c->tensors) return PARE_OK;
    pr_tensor *more = pr_realloc(c->tensors, (size_t)total, sizeof *more);
    if (!more) return pr_fail_nomem(err, total * sizeof *more);
    c->tensors = more;
    c->cap_tensors = (size_t)total;
    return PARE_OK;
}

static pare_status container_new(pr_container **out, pare_err *err) {
    pr_container *c = pr_calloc(1, sizeof *c);
    *out = NULL;
    if (!c) return pr_fail_nomem(err, sizeof *c);
    c->arena = pr_arena_new(ARENA_MAX);
    if (!c->arena) {
        pr_free(c);
        return pr_fail_nomem(err, sizeof *c);
    }
    *out = c;
    return PARE_OK;
}

void pr_container_close(pr_container *c) {
    if (!c) return;
    for (int i = 0; i < c->n_files; i++)
        if (c->borrowed) pr_free(c->files[i].path);
        else pr_map_close(&c->files[i]);
    pr_free(c->files);
    pr_free(c->tensors);
    pr_names_done(&c->tensor_names);
    pr_names_done(&c->meta_names);
    pr_arena_free(c->arena);
    pr_free(c);
}

pare_status pr_container_index(pr_container *c, pare_err *err) {
    size_t      i = 0;
    pare_status st =
        pr_names_build(&c->tensor_names, c->tensors, sizeof *c->tensors, c->n_tensors, &i, err);
    if (st == PARE_EINPUT) {
        const pr_tensor *t = &c->tensors[i];
        size_t           first = pr_names_find(&c->tensor_names, t->name);
        return pr_container_fail(c, t->file, err, st, -1,
                                 "tensor '%s' stands twice; the other is in %s", t->name,
                                 pr_path_base(c->files[c->tensors[first].file].path));
    }
    if (st != PARE_OK) return st;
    st = pr_names_build(&c->meta_names, c->meta, sizeof *c->meta, c->n_meta, &i, err);
    if (st == PARE_EINPUT)
        return pr_container_fail(c, 0, err, st, -1, "key '%s' stands twice in the metadata",
                                 c->meta[i].key);
    return st;
}

static pare_status unknown_format(const pr_container *c, pare_err *err) {
    const pr_map *m = &c->files[0];
    char          list[128] = "", bytes[32] = "";
    if (m->n == 0) return pr_container_fail(c, 0, err, PARE_EINPUT, 0, "the file is empty");
    for (size_t i = 0, n = 0; i < PR_COUNT(FORMATS); i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", FORMATS[i]->name);
    if (m->n >= 4 && memcmp(m->p, "PK\3\4", 4) == 0)
        return pr_container_fail(
            c, 0, err, PARE_EUNSUPPORTED, 0,
            "found a zip archive, as PyTorch's pickles are: pickles can run code and are "
            "not read; expected one of: %s",
            list);
    for (uint64_t i = 0; i < PR_MIN(m->n, (uint64_t)8); i++)
        snprintf(bytes + 3 * i, sizeof bytes - 3 * i, "%02x ", m->p[i]);
    return pr_container_fail(c, 0, err, PARE_EINPUT, 0, "begins with %sand is none of: %s",
                             bytes, list);
}

static pare_status open_files(pr_container *c, pare_err *err) {
    for (size_t i = 0; i < PR_COUNT(FORMATS) && !c->format; i++)
        if (FORMATS[i]->probe(&c->files[0])) c->format = FORMATS[i];
    if (!c->format) return unknown_format(c, err);
    return c->format->open(c, err);
}

/* The only name in the folder that ends so; NULL and *n when there are none or several. */
static const char *only_name(const char **names, size_t n_names, const char *end, size_t *n) {
    const char *found = NULL;
    *n = 0;
    for (size_t i = 0; i < n_names; i++)
        if (ends_with(names[i], end)) found = names[i], ++*n;
    return *n == 1 ? found : NULL;
}

#define ONNX_FILE "model.onnx"
#define OV_FILE  "openvino_model.xml"
#define ST_FILE  "model.safetensors"
#define ST_INDEX "model.safetensors.index.json"

/* Which file of a folder to open; the rule of pr_container_open. */
static pare_status choose_in_dir(pr_container *c, const char *dir, char **path, pare_err *err) {
    const char **names, *name = NULL;
    size_t       n, n_st, n_gguf;
    bool         single = false, index = false, onnx = false, ov = false;
    PR_TRY(pr_dir_list(dir, c->arena, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        single |= strcmp(names[i], ST_FILE) == 0;
        index |= strcmp(names[i], ST_INDEX) == 0;
        onnx |= strcmp(names[i], ONNX_FILE) == 0;
        ov |= strcmp(names[i], OV_FILE) == 0;
    }
    const char *st = only_name(names, n, ".safetensors", &n_st);
    const char *gguf = only_name(names, n, ".gguf", &n_gguf);
    if (single && index)
        c->note = ST_FILE " is taken, " ST_INDEX " and its shards are left aside";
    name = single ? ST_FILE : index ? ST_INDEX : st ? st : n_st == 0 ? gguf : NULL;
    if (!name && n_st == 0 && n_gguf == 0 && (onnx || ov)) name = onnx ? ONNX_FILE : OV_FILE;
    if (!name) {
        pr_fail(err, PARE_EINPUT, -1,
                "found %zu *.safetensors and %zu *.gguf files, expected " ST_FILE ", " ST_INDEX
                ", one of either, " ONNX_FILE " or " OV_FILE, n_st, n_gguf);
        return pr_fail_in(err, PARE_EINPUT, dir);
    }
    *path = pr_path_join(c->arena, dir, name);
    return *path ? PARE_OK : pr_fail_nomem(err, strlen(dir));
}

static pare_status open_path(pr_container *c, const char *path, pare_err *err) {
    char *inside = NULL;
    if (pr_path_is_dir(path)) {
        PR_TRY(choose_in_dir(c, path, &inside, err));
        path = inside;
    }
    if (ends_with(path, ".index.json")) return pr_st_index_load(c, path, err);
    PR_TRY(pr_container_map(c, path, err));
    PR_TRY(open_files(c, err));
    return pr_container_index(c, err);
}

pare_status pr_container_open(pr_container **out, const char *path, pare_err *err) {
    pr_container *c;
    *out = NULL;
    PR_TRY(container_new(&c, err));
    pare_status st = open_path(c, path, err);
    if (st != PARE_OK) {
        pr_container_close(c);
        return pr_fail_in(err, st, path);
    }
    *out = c;
    return PARE_OK;
}

pare_status pr_container_open_memory(pr_container **out, const void *p, size_t n, const char *label,
                                     pare_err *err) {
    pr_container *c;
    *out = NULL;
    PR_TRY(container_new(&c, err));
    c->borrowed = true;
    size_t      n_label = strlen(label);
    char       *copy = pr_calloc(n_label + 1, 1);
    pare_status st = PARE_OK;
    c->files = pr_calloc(1, sizeof *c->files);
    if (!copy || !c->files) {
        pr_free(copy);
        st = pr_fail_nomem(err, n_label + sizeof *c->files);
    } else {
        memcpy(copy, label, n_label);
        c->files[0] = (pr_map){p, n, copy};
        c->n_files = 1;
        st = open_files(c, err);
    }
    if (st == PARE_OK) st = pr_container_index(c, err);
    if (st != PARE_OK) {
        pr_container_close(c);
        return st;
    }
    *out = c;
    return PARE_OK;
}

pr_container_kind pr_container_kind_of(const pr_container *c) {
    return c->format->kind;
}

const char *pr_container_format(const pr_container *c) {
    return c->format->name;
}

size_t pr_container_count(const pr_container *c) {
    return c->n_tensors;
}

const pr_tensor *pr_container_at(const pr_container *c, size_t i) {
    return i < c->n_tensors ? &c->tensors[i] : NULL;
}

const pr_tensor *pr_container_find(const pr_container *c, const char *name) {
    return pr_container_at(c, pr_names_find(&c->tensor_names, name));
}

uint64_t pr_tensor_count(const pr_tensor *t) {
    uint64_t n;
    return pr_dims_product(t->dim, t->n_dims, &n) ? n : 0;
}

int pr_container_files(const pr_container *c) {
    return c->n_files;
}

const char *pr_container_path(const pr_container *c, int file) {
    return file >= 0 && file < c->n_files ? c->files[file].path : NULL;
}

uint64_t pr_container_bytes(const pr_container *c) {
    uint64_t sum = 0;
    for (int i = 0; i < c->n_files; i++) sum += c->files[i].n;
    return sum;
}

const char *pr_container_note(const pr_container *c) {
    return c->note;
}

void pr_container_drop(const pr_container *c, const pr_tensor *t) {
    if (!c->borrowed) pr_map_drop(&c->files[t->file], t->offset, t->bytes);
}

size_t pr_container_meta_count(const pr_container *c) {
    return c->n_meta;
}

const pr_meta *pr_container_meta_at(const pr_container *c, size_t i) {
    return i < c->n_meta ? &c->meta[i] : NULL;
}

const pr_meta *pr_container_meta_find(const pr_container *c, const char *key) {
    return pr_container_meta_at(c, pr_names_find(&c->meta_names, key));
}
