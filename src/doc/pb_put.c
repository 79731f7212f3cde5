/* pb_put.c - protobuf's wire format, written field by field. Numbers in their shortest form, fields
 * in the order of the calls: the same calls give the same bytes. */
#include "doc.h"

static void varint(pr_buf *b, uint64_t v) {
    uint8_t p[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) p[n++] = (uint8_t)(v | 0x80);
    p[n++] = (uint8_t)v;
    pr_buf_add(b, p, n);
}

void pr_pb_put_u64(pr_buf *b, uint32_t no, uint64_t v) {
    varint(b, (uint64_t)no << 3 | PR_PB_VARINT);
    varint(b, v);
}

void pr_pb_put_f32(pr_buf *b, uint32_t no, float v) {
    varint(b, (uint64_t)no << 3 | PR_PB_FIXED32);
    pr_buf_add(b, &v, sizeof v);
}

void pr_pb_put_bytes(pr_buf *b, uint32_t no, const void *p, size_t n) {
    varint(b, (uint64_t)no << 3 | PR_PB_BYTES);
    varint(b, n);
    pr_buf_add(b, p, n);
}

void pr_pb_put_str(pr_buf *b, uint32_t no, const char *s) {
    pr_pb_put_bytes(b, no, s, strlen(s));
}

void pr_pb_put_message(pr_buf *b, uint32_t no, pr_buf *message) {
    if (message->failed) b->failed = true;
    pr_pb_put_bytes(b, no, message->p, message->n);
    pr_buf_done(message);
}
