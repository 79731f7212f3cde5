/* find.c - where the runtimes' libraries lie.
 *
 * Asked in this order: the variable for it; the virtual environment we are in; the system's
 * loader; the site-packages of Pythons in their usual places; the Python on PATH. */
#include <dlfcn.h>
#include <glob.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "helper.h"

enum { PATH = 4096 };

typedef struct {
    const library *l;
    bool           global;
    bool           only_look; /* do not open: a file that is there will do */
    char          *path;      /* of the one that was opened */
    char           why[512];
} search;

static void *try_file(search *s, const char *file) {
    if (s->only_look) {
        if (!strchr(file, '/') || access(file, R_OK) != 0) return NULL;
        snprintf(s->path, PATH, "%s", file);
        return s->path;
    }
    void       *lib = dlopen(file, RTLD_NOW | (s->global ? RTLD_GLOBAL : RTLD_LOCAL));
    const char *why = lib ? NULL : dlerror();
    struct link_map *map;
    if (!lib && !s->why[0]) snprintf(s->why, sizeof s->why, "%s", why ? why : file);
    if (lib)
        snprintf(s->path, PATH, "%s",
                 dlinfo(lib, RTLD_DI_LINKMAP, &map) == 0 && map->l_name[0] ? map->l_name : file);
    return lib;
}

/* The first of what the pattern names that can be opened. */
static void *try_pattern(search *s, const char *pattern) {
    glob_t g;
    void  *lib = NULL;
    if (glob(pattern, 0, NULL, &g) != 0) return NULL;
    for (size_t i = 0; !lib && i < g.gl_pathc; i++) lib = try_file(s, g.gl_pathv[i]);
    globfree(&g);
    return lib;
}

static void *try_site(search *s, const char *site) {
    char pattern[2 * PATH];
    snprintf(pattern, sizeof pattern, "%s/%s", site, s->l->in_package);
    return try_pattern(s, pattern);
}

static void *try_told(search *s, const char *told) {
    char        pattern[2 * PATH];
    struct stat st;
    void       *lib;
    if (stat(told, &st) != 0) {
        snprintf(s->why, sizeof s->why, "%s names %s, which is not there", s->l->variable, told);
        return NULL;
    }
    if (!S_ISDIR(st.st_mode)) return try_file(s, told);
    snprintf(pattern, sizeof pattern, "%s/%s", told, s->l->pattern);
    if ((lib = try_pattern(s, pattern)) || (lib = try_site(s, told))) return lib;
    snprintf(pattern, sizeof pattern, "%s/lib/python3*/site-packages/%s", told, s->l->in_package);
    if (!(lib = try_pattern(s, pattern)) && !s->why[0])
        snprintf(s->why, sizeof s->why, "%s names %s, where there is no %s", s->l->variable, told,
                 s->l->pattern);
    return lib;
}

/* In the site-packages where the library `near` lies: …/site-packages/PACKAGE/…/lib.so */
static void *try_near(search *s) {
    char  site[PATH];
    char *at;
    if (!s->l->near) return NULL;
    snprintf(site, sizeof site, "%s", s->l->near);
    if (!(at = strstr(site, "-packages/"))) return NULL;
    at[9] = 0;
    return try_site(s, site);
}

static void *try_usual(search *s) {
    static const char *const below[] = {"/usr/local/lib/python3*/dist-packages",
                                        "/usr/local/lib/python3*/site-packages",
                                        "/usr/lib/python3/dist-packages"};
    const char *home = getenv("HOME");
    char        site[PATH];
    void       *lib = NULL;
    for (size_t i = 0; !lib && i < sizeof below / sizeof *below; i++) lib = try_site(s, below[i]);
    if (lib || !home) return lib;
    snprintf(site, sizeof site, "%s/.local/lib/python3*/site-packages", home);
    return try_site(s, site);
}

/* Last, because it takes longest: ask the Python on PATH itself. */
static void *try_python(search *s) {
    char  site[PATH];
    void *lib = NULL;
    FILE *f = popen("exec python3 -I -c 'import sysconfig as s; print(s.get_paths()[\"platlib\"])' "
                    "2>/dev/null </dev/null",
                    "r");
    if (!f) return NULL;
    if (fgets(site, sizeof site, f)) {
        site[strcspn(site, "\n")] = 0;
        lib = try_site(s, site);
    }
    pclose(f);
    return lib;
}

static void *look_everywhere(const library *l, bool global, bool only_look, char *path) {
    search      s = {l, global, only_look, path, ""};
    const char *told = getenv(l->variable), *env = getenv("VIRTUAL_ENV");
    char        site[PATH];
    void       *lib = NULL;
    if (told && *told) {
        lib = try_told(&s, told);
    } else {
        lib = try_near(&s);
        if (!lib && env && *env) {
            snprintf(site, sizeof site, "%s/lib/python3*/site-packages", env);
            lib = try_site(&s, site);
        }
        bool broken = s.why[0] != 0; /* one is there and does not load: that is the news */
        for (int i = 0; !lib && l->sonames[i]; i++) lib = try_file(&s, l->sonames[i]);
        if (!broken) s.why[0] = 0;
        if (!lib) lib = try_usual(&s);
        if (!lib) lib = try_python(&s);
    }
    if (!lib && s.why[0]) fail("environment", "%s", s.why);
    else if (!lib) fail("environment", "no %s was found", l->pattern);
    return lib;
}

void *library_open(const library *l, bool global, char *path) {
    return look_everywhere(l, global, false, path);
}

bool library_find(const library *l, char *path) {
    return look_everywhere(l, false, true, path) != NULL;
}

bool library_functions(void *lib, const char *const *names, void **table) {
    for (; *names; names++, table++)
        if (!(*table = dlsym(lib, *names)))
            return fail("unsupported", "the library has no function %s", *names);
    return true;
}

void *library_optional(void *lib, const char *name) { return dlsym(lib, name); }

bool package_version(const char *lib_path, const char *package, char *dst, size_t cap) {
    char   pattern[2 * PATH], *at;
    glob_t g;
    bool   found = false;
    snprintf(pattern, PATH, "%s", lib_path);
    if (!(at = strstr(pattern, "-packages/"))) return false;
    snprintf(at + 10, sizeof pattern - (size_t)(at + 10 - pattern), "%s-[0-9]*.dist-info", package);
    if (glob(pattern, 0, NULL, &g) != 0) return false;
    const char *name = strrchr(g.gl_pathv[0], '/'), *v = name + 2 + strlen(package);
    const char *end = strstr(v, ".dist-info");
    if (end && (size_t)(end - v) < cap) {
        snprintf(dst, cap, "%.*s", (int)(end - v), v);
        found = true;
    }
    globfree(&g);
    return found;
}

bool cpu_has(const char *flag) {
    static char flags[8192];
    char        word[64];
    FILE       *f = flags[0] ? NULL : fopen("/proc/cpuinfo", "r");
    while (f && fgets(flags, sizeof flags, f))
        if (strncmp(flags, "flags", 5) == 0 || strncmp(flags, "Features", 8) == 0) break;
    if (f) fclose(f);
    flags[strcspn(flags, "\n")] = ' ';
    snprintf(word, sizeof word, " %s ", flag);
    return strstr(flags, word) != NULL;
}
