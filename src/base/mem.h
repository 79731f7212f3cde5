/* mem.h - three lifetimes and no fourth: handle, arena, scratch.
 *
 * An arena gives memory that is all freed at once. It is born with a maximum:
 * no input can make it grow past that. An arena belongs to one thread. */
#ifndef PR_MEM_H
#define PR_MEM_H

/* The only callers of malloc. Zeroed; NULL if there is none left, or `n * size`
 * overflows. Freed with pr_free (NULL is fine). */
void *pr_calloc(size_t n, size_t size) PR_MUST_USE;
/* As realloc; new bytes are not zeroed. The old block stays valid on NULL. */
void *pr_realloc(void *p, size_t n, size_t size) PR_MUST_USE;
/* `bytes` aligned to `align` (a power of two), zeroed; freed with pr_free. */
void *pr_alloc_aligned(size_t bytes, size_t align) PR_MUST_USE;
void  pr_free(void *p);

typedef struct pr_arena pr_arena;
/* NULL if there is no memory. `max_bytes`: the most it will ever hold. */
pr_arena *pr_arena_new(size_t max_bytes) PR_MUST_USE;
void      pr_arena_free(pr_arena *a);
/* `n` zeroed elements of `size` bytes, aligned for any type; NULL when the
 * maximum or the machine's memory is reached, or the product overflows.
 * n * size == 0 gives a valid pointer. */
void  *pr_arena_get(pr_arena *a, size_t n, size_t size) PR_MUST_USE;
char  *pr_arena_str(pr_arena *a, const char *s, size_t n) PR_MUST_USE; /* copy + NUL */
char  *pr_arena_printf(pr_arena *a, const char *fmt, ...) PR_PRINTF(2, 3) PR_MUST_USE;
size_t pr_arena_bytes(const pr_arena *a);

/* `ptr = n zeroed elements of *ptr from a`, or return PARE_ENOMEM. */
#define PR_NEW(ptr, a, n, err)                                                 \
    do {                                                                       \
        (ptr) = pr_arena_get((a), (size_t)(n), sizeof *(ptr));                 \
        if (PR_UNLIKELY(!(ptr))) return pr_fail_nomem((err), (uint64_t)(n) * sizeof *(ptr)); \
    } while (0)

/* Text or bytes that somebody else owns. Not terminated. */
typedef struct {
    const char *p;
    size_t      n;
} pr_str;
#define PR_STR(lit) ((pr_str){(lit), sizeof(lit) - 1})
static inline pr_str pr_str_of(const char *s) { return (pr_str){s, s ? strlen(s) : 0}; }
static inline bool   pr_str_eq(pr_str a, pr_str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
bool pr_utf8_valid(const char *s, size_t n, size_t *bad_at); /* bad_at may be NULL */
#endif
