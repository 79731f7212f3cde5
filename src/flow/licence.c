/* licence.c - under which licence a model says that it is: a GGUF's own key, or what stands in
 * front of the README.md of its folder. What it says is untrusted text. */
#include "flow.h"

enum { LONGEST = 256, README_MAX = 1 << 20 };

/* "license: mit" between the first two lines of dashes. */
static const char *of_folder(const char *dir, pr_arena *a) {
    const char *path = pr_path_join(a, dir, "README.md");
    pr_str      text;
    if (!path || pr_file_read(path, README_MAX, a, &text, NULL) != PARE_OK) return NULL;
    if (strncmp(text.p, "---\n", 4) != 0) return NULL;
    for (const char *p = text.p + 4; *p && strncmp(p, "---", 3) != 0;) {
        size_t n = strcspn(p, "\n");
        if (n > 9 && n < LONGEST && strncmp(p, "license: ", 9) == 0 && pr_utf8_valid(p, n, NULL))
            return pr_arena_str(a, p + 9, n - 9);
        p += n + (p[n] == '\n');
    }
    return NULL;
}

const char *pr_licence_of(const pr_model *m, pr_arena *a) {
    const pr_meta *l = pr_container_meta_find(m->file, "general.license");
    if (l && l->type == PR_META_STR && l->n <= LONGEST && pr_utf8_valid(l->v.s, l->n, NULL))
        return pr_arena_str(a, l->v.s, l->n);
    return pr_path_is_dir(m->path) ? of_folder(m->path, a) : NULL;
}
