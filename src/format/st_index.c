/* st_index.c - model.safetensors.index.json: which shard holds which tensor.
 *
 * {"metadata": {"total_size": …}, "weight_map": {"name": "model-00001-of-00002.safetensors", …}}
 * A shard is a plain name beside the index: no path leads out of the folder,
 * and none back to an index. */
#include "container.h"
#include <stdlib.h>

enum { INDEX_MAX = 256 << 20 };

static bool is_shard_name(pr_str s) {
    static const char end[] = ".safetensors";
    size_t            k = sizeof end - 1;
    return s.p && s.n > k && s.n < 256 && !memchr(s.p, 0, s.n) && !memchr(s.p, '/', s.n) &&
           s.p[0] != '.' && memcmp(s.p + s.n - k, end, k) == 0;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The shards' names, sorted, each once. Borrowed from `map`. */
static pare_status shard_names(const pare_doc *map, pr_arena *a, const char ***out, size_t *n,
                               pare_err *err) {
    const char **list, *last = NULL;
    size_t       count = 0, kept = 0;
    PR_NEW(list, a, pare_doc_count(map), err);
    for (pare_doc_iter it = {0}; pare_doc_next(map, &it);) {
        pr_str s = pr_doc_text_of(it.value);
        if (!is_shard_name(s))
            return pr_fail(err, PARE_EINPUT, -1,
                           "weight_map puts tensor '%s' into '%.60s', expected the name of a "
                           "*.safetensors "
                           "file beside the index",
                           it.key, s.p ? s.p : "(no text)");
        if (last && strcmp(last, s.p) == 0) continue;
        list[count++] = last = s.p;
    }
    qsort(list, count, sizeof *list, by_text);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(list[kept - 1], list[i]) != 0) list[kept++] = list[i];
    if (kept == 0) return pr_fail(err, PARE_EINPUT, -1, "weight_map is empty, expected tensors");
    *out = list;
    *n = kept;
    return PARE_OK;
}

static pare_status map_shards(pr_container *c, const char *index, const pare_doc *map,
                              pare_err *err) {
    const char **names = NULL;
    size_t       n = 0;
    size_t       n_dir = (size_t)(pr_path_base(index) - index);
    PR_TRY(shard_names(map, c->arena, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        char *path = pr_arena_printf(c->arena, "%.*s%s", (int)n_dir, index, names[i]);
        if (!path) return pr_fail_nomem(err, n_dir);
        if (!pr_path_exists(path))
            return pr_fail(err, PARE_EINPUT, -1,
                           "shard %s is named by weight_map and is missing", names[i]);
        PR_TRY(pr_container_map(c, path, err));
    }
    return PARE_OK;
}

/* Every tensor of the index stands in the shard that the index says. */
static pare_status check_map(pr_container *c, const pare_doc *map, pare_err *err) {
    for (pare_doc_iter it = {0}; pare_doc_next(map, &it);) {
        const pr_tensor *t = pr_container_find(c, it.key);
        const char      *said = pare_doc_str(it.value);
        if (!t)
            return pr_fail(err, PARE_EINPUT, -1,
                           "tensor '%s' is not in %s, where weight_map puts it", it.key, said);
        const char *is = pr_path_base(c->files[t->file].path);
        if (strcmp(is, said) != 0)
            return pr_fail(err, PARE_EINPUT, -1,
                           "tensor '%s' is in %s, weight_map puts it into %s", it.key, is,
                           said);
    }
    if (c->n_tensors > pare_doc_count(map) && !c->note)
        c->note = pr_arena_printf(c->arena,
                                  "the shards hold %zu tensors that the index does not list",
                                  c->n_tensors - pare_doc_count(map));
    return PARE_OK;
}

pare_status pr_st_index_load(pr_container *c, const char *index, pare_err *err) {
    pare_doc       *root;
    const pare_doc *map;
    pr_json_limits  lim = {INDEX_MAX, 8, 0};
    c->format = &pr_format_safetensors;
    PR_TRY(pr_json_read(&root, index, &lim, err));
    pare_status st;
    PR_GO(pr_json_get_obj(root, "weight_map", &map, err));
    PR_GO(map_shards(c, index, map, err));
    PR_GO(c->format->open(c, err));
    PR_GO(pr_container_index(c, err));
    st = check_map(c, map, err);
done:
    pare_doc_free(root);
    return st == PARE_OK ? st : pr_fail_in(err, st, index);
}
