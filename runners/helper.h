/* helper.h - pare-runner: a foreign runtime behind one small struct.
 *
 * This program is a child of pare (src/runner) and speaks docs/runner-protocol.md. It holds one
 * runtime and one model, so what a runtime's file keeps is static there. It declares the few
 * functions and structs it uses itself: the packages come without headers, and a struct is
 * touched only after the runtime's version said that it is the known one. */
#ifndef PARE_HELPER_H
#define PARE_HELPER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What there is to say about a runtime before a model is open. */
typedef struct {
    char path[4096];
    char version[64];
    char devices[8][32];
    int  n_devices;
    char arithmetic[256]; /* by itself, without our settings */
    char state[128];
} about;

typedef struct {
    const char *path;
    int         threads;
    int64_t     context; /* 0: the model's, at most CONTEXT_MOST */
    bool        exact;
    int64_t     n_vocab; /* from here on: to be filled in */
    int64_t     n_ctx;
    char        arithmetic[256], state[128];
} opening;
enum { CONTEXT_MOST = 4096 };

typedef struct {
    const char *name;
    bool (*load)(about *a);  /* find, dlopen, version; the rest of `a` */
    bool (*check)(void);     /* a tiny question with a known answer */
    bool (*open)(opening *o);
    /* Append `n` tokens; the logits of the last `rows` ≤ n of them to `out`. */
    bool (*eval)(const int32_t *ids, int n, int rows, float *out);
    bool (*reset)(void);
    void (*close)(void);
} runtime;

extern const runtime run_llama, run_ort, run_genai, run_openvino;

/* ---- saying what went wrong: false, so that `return fail(…)` ends a function ---- */
bool fail(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- finding libraries (find.c) ---- */
typedef struct {
    const char *variable;   /* "PARE_LLAMA_PATH": a file or a folder */
    const char *in_package; /* "llama_cpp/lib/libllama.so*", below site-packages */
    const char *pattern;    /* "libllama.so*", in the variable's folder */
    const char *sonames[4]; /* for the system's loader, NULL at the end */
    const char *near;       /* NULL, or a library beside whose package it is tried first */
} library;
/* dlopen'ed, global or local; its path into `path` (4096 bytes). NULL after fail(). */
void *library_open(const library *l, bool global, char *path);
/* The same without opening it; not for what only the system's loader finds. */
bool library_find(const library *l, char *path);
/* The functions of `names` (NULL at the end) into `table`, in their order. */
bool library_functions(void *lib, const char *const *names, void **table);
/* That function, or NULL. */
void *library_optional(void *lib, const char *name);
/* The version that a package's folder says ("…/x-1.2.3.dist-info"), or false. */
bool package_version(const char *lib_path, const char *package, char *dst, size_t cap);
/* Exact. */
float from_f16(uint16_t h);
float from_bf16(uint16_t h);
/* "avx512_bf16", "avx2", …: what the CPU has of what changes a runtime's arithmetic. */
bool cpu_has(const char *flag);
#endif
