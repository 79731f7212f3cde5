/* pb.c - protobuf's wire format, one field at a time, nothing copied.
 *
 * Always true of a reader: start ≤ p ≤ end, and every length was compared with
 * end - p before it moved p. Encoding: protobuf.dev, "Encoding". */
#include "doc/doc.h"

pr_pb pr_pb_of(const void *p, size_t n) {
    const uint8_t *b = p;
    return (pr_pb){b, b, b ? b + n : b};
}

bool pr_pb_varint(pr_pb *r, uint64_t *v) {
    uint64_t       u = 0;
    const uint8_t *p = r->p;
    *v = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (p == r->end) return false;
        uint8_t b = *p++;
        if (shift == 63 && b > 1) return false; /* the tenth byte has one bit left */
        u |= (uint64_t)(b & 0x7f) << shift;
        if (b & 0x80) continue;
        r->p = p;
        *v = u;
        return true;
    }
    return false;
}

static bool pb_fixed(pr_pb *r, size_t n, uint64_t *v) {
    if ((size_t)(r->end - r->p) < n) return false;
    *v = n == 8 ? pr_le64(r->p) : pr_le32(r->p);
    r->p += n;
    return true;
}

static bool pb_bytes(pr_pb *r, pr_str *s) {
    uint64_t n;
    if (!pr_pb_varint(r, &n) || n > (uint64_t)(r->end - r->p)) return false;
    *s = (pr_str){(const char *)r->p, (size_t)n};
    r->p += n;
    return true;
}

pare_status pr_pb_next(pr_pb *r, pr_pb_field *f, pare_err *err) {
    *f = (pr_pb_field){0};
    if (r->p == r->end) return PARE_OK;
    int64_t  pos = r->p - r->start;
    uint64_t tag;
    bool     ok = false;
    if (!pr_pb_varint(r, &tag))
        return pr_fail(err, PARE_EINPUT, pos, "protobuf: a field's tag is cut off or over 64 bits");
    uint64_t no = tag >> 3;
    unsigned wire = tag & 7;
    if (no == 0 || no > 0x1fffffff)
        return pr_fail(err, PARE_EINPUT, pos,
                       "protobuf: field number %llu, expected 1 to 536870911",
                       (unsigned long long)no);
    switch (wire) {
    case PR_PB_VARINT: ok = pr_pb_varint(r, &f->u); break;
    case PR_PB_FIXED64: ok = pb_fixed(r, 8, &f->u); break;
    case PR_PB_FIXED32: ok = pb_fixed(r, 4, &f->u); break;
    case PR_PB_BYTES: ok = pb_bytes(r, &f->bytes); break;
    default:
        return pr_fail(err, PARE_EINPUT, pos,
                       "protobuf: field %u has wire type %u, expected 0, 1, 2 or 5",
                       (unsigned)no, wire);
    }
    if (!ok) {
        *f = (pr_pb_field){0};
        return pr_fail(err, PARE_EINPUT, pos, "protobuf: field %u runs past the end of its message",
                       (unsigned)no);
    }
    f->no = (uint32_t)no;
    f->wire = (pr_pb_wire)wire;
    return PARE_OK;
}
