/* buf.h - a growing byte buffer that is born with a maximum.
 *
 *   pr_buf b;
 *   pr_buf_init(&b, 1 << 20);
 *   pr_buf_printf(&b, "%d", 3);
 *   if (b.failed) …                  // sticky: check once at the end
 *   pr_buf_done(&b);
 *
 * After the first failed append nothing more is added. `p` is terminated
 * whenever it is not NULL. Belongs to one thread. */
#ifndef PR_BUF_H
#define PR_BUF_H
typedef struct {
    char  *p;
    size_t n, cap, max;
    bool   failed; /* the maximum or the memory was reached */
    bool   full;   /* it was the maximum */
} pr_buf;
void pr_buf_init(pr_buf *b, size_t max_bytes);
void pr_buf_done(pr_buf *b);
void pr_buf_clear(pr_buf *b);
void pr_buf_add(pr_buf *b, const void *p, size_t n);
void pr_buf_puts(pr_buf *b, const char *s);
void pr_buf_printf(pr_buf *b, const char *fmt, ...) PR_PRINTF(2, 3);
#endif
