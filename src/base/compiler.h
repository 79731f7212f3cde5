/* compiler.h - the only place that knows the compiler. */
#ifndef PR_COMPILER_H
#define PR_COMPILER_H
#define PR_PRINTF(fmt_index, args_index) __attribute__((format(printf, fmt_index, args_index)))
#define PR_MUST_USE                      __attribute__((warn_unused_result))
#define PR_UNUSED                        __attribute__((unused))
#define PR_LIKELY(x)                     __builtin_expect(!!(x), 1)
#define PR_UNLIKELY(x)                   __builtin_expect(!!(x), 0)
/* Inlined always: for functions whose constant arguments shape the code. */
#define PR_INLINE                        inline __attribute__((always_inline))
/* A vector of `bytes` bytes; +, -, *, / and comparisons work lane by lane. */
#define PR_VECTOR(bytes)                 __attribute__((vector_size(bytes), may_alias))
#define PR_CACHE_LINE                    64
#define PR_COUNT(a)                      (sizeof(a) / sizeof((a)[0]))
#define PR_MIN(a, b)                     ((a) < (b) ? (a) : (b))
#define PR_MAX(a, b)                     ((a) > (b) ? (a) : (b))
#endif
