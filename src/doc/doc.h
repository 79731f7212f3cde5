/* doc.h - the door of `doc`: trees of values (jansson under them), strict JSON
 * reading for files that others wrote, bounded YAML, and a reader of protobuf's wire format.
 *
 *   pare_doc *cfg;
 *   PR_TRY(pr_json_read(&cfg, path, NULL, err));
 *   PR_GO(pr_json_get_i64(cfg, "hidden_size", 1, 1 << 24, &n, err));
 *   PR_GO(pr_json_opt_f64(cfg, "rms_norm_eps", 0, 1, 1e-6, &eps, err));
 *   …
 *   pare_doc_free(cfg);
 *
 * Reading a tree is in include/pare/doc.h. Building belongs to one thread; a
 * finished tree may be read by all. */
#ifndef PR_DOC_H
#define PR_DOC_H
#include "base/base.h"
#include "pare/doc.h"

/* ----------------------------------------------------------------- building
 * NULL from the makers: no memory. The setters copy keys and text, and take the
 * child over even when they fail; a failure (no memory, NaN or infinity, text
 * that is not UTF-8, a NULL child, a wrong kind of parent) is kept in the
 * builder and given out once, at the end:
 *
 *   pr_doc_build b = {0};
 *   pare_doc *o = pr_doc_object(&b);
 *   pr_doc_set_f64(&b, o, "ppl", ppl);
 *   pare_doc *gates = pr_doc_set_array(&b, o, "gates");   // borrowed, owned by o
 *   pare_doc *g = pr_doc_add_object(&b, gates);
 *   …
 *   return pr_doc_done(&b, o, out, err);
 *
 * An existing key is replaced where it stands. */
typedef struct {
    pare_status status; /* the first failure */
    char        msg[160];
} pr_doc_build;

/* A fresh, empty object, owned by the caller until it is put somewhere. */
pare_doc *pr_doc_object(pr_doc_build *b);
/* The same for an array. */
pare_doc *pr_doc_array(pr_doc_build *b);
/* Into an object. The two that return a node give it borrowed; NULL on failure,
 * which every function here takes. */
void      pr_doc_set_i64(pr_doc_build *b, pare_doc *obj, const char *key, int64_t v);
void      pr_doc_set_f64(pr_doc_build *b, pare_doc *obj, const char *key, double v);
void      pr_doc_set_bool(pr_doc_build *b, pare_doc *obj, const char *key, bool v);
void      pr_doc_set_str(pr_doc_build *b, pare_doc *obj, const char *key, const char *v);
void      pr_doc_set_strn(pr_doc_build *b, pare_doc *obj, const char *key, pr_str v);
/* The same for the name of a file, which may hold any byte: what is not UTF-8 becomes U+FFFD. */
void pr_doc_add_path(pr_doc_build *b, pare_doc *arr, const char *path);
void pr_doc_set_path(pr_doc_build *b, pare_doc *obj, const char *key, const char *path);
void      pr_doc_set_null(pr_doc_build *b, pare_doc *obj, const char *key);
pare_doc *pr_doc_set_object(pr_doc_build *b, pare_doc *obj, const char *key);
pare_doc *pr_doc_set_array(pr_doc_build *b, pare_doc *obj, const char *key);
/* Takes `v` over; a tree of its own until then, not a part of another. */
void pr_doc_set(pr_doc_build *b, pare_doc *obj, const char *key, pare_doc *v);
/* To the end of an array. */
void      pr_doc_add_i64(pr_doc_build *b, pare_doc *arr, int64_t v);
void      pr_doc_add_f64(pr_doc_build *b, pare_doc *arr, double v);
void      pr_doc_add_bool(pr_doc_build *b, pare_doc *arr, bool v);
void      pr_doc_add_str(pr_doc_build *b, pare_doc *arr, const char *v);
void      pr_doc_add_strn(pr_doc_build *b, pare_doc *arr, pr_str v);
void      pr_doc_add_null(pr_doc_build *b, pare_doc *arr);
pare_doc *pr_doc_add_object(pr_doc_build *b, pare_doc *arr);
pare_doc *pr_doc_add_array(pr_doc_build *b, pare_doc *arr);
void      pr_doc_add(pr_doc_build *b, pare_doc *arr, pare_doc *v);
/* Take a key out; fine if it is not there. */
void pr_doc_unset(pare_doc *obj, const char *key);
/* A deep copy, owned by the caller; NULL: no memory. */
pare_doc *pr_doc_copy(const pare_doc *v);
/* *out = root, or free `root`, *out = NULL and give the first failure. */
pare_status pr_doc_done(pr_doc_build *b, pare_doc *root, pare_doc **out, pare_err *err);
/* The JSON text appended to `dst`; see pare_doc_text. Fails at dst's maximum. */
pare_status pr_doc_put(const pare_doc *v, int indent, pr_buf *dst, pare_err *err);

/* ------------------------------------------------------------ reading files */

/* A field of 0 takes the default. */
typedef struct {
    size_t   max_bytes;  /* of text; default 64 MB */
    unsigned max_depth;  /* arrays and objects in each other; default 100, at most 1000 */
    size_t   max_values; /* bounds the tree's memory, ~100 B each; default 8 million */
} pr_json_limits;

/* One JSON value and nothing after it but white space. Refused: a key twice in an object, bad
 * UTF-8, NaN and Infinity as bare words. Text may hold NULs (its length is kept). An
 * integer beyond 64 bits becomes a double, and with it all integers of that
 * document; the i64 accessor takes a double that is whole and below 2^53.
 * `lim`: NULL for the defaults. EINPUT with the byte in `err->pos` and the line in its text. */
pare_status pr_json_parse(pare_doc **out, const void *text, size_t n, const pr_json_limits *lim,
                          pare_err *err);
pare_status pr_json_read(pare_doc **out, const char *path, const pr_json_limits *lim,
                         pare_err *err);

/* Members of an object, checked. `get`: must be there, and not null. `opt`: where the
 * key is missing or null, the default. On failure *out is 0 and the error names
 * the key, what was found and what was expected. Text and children are borrowed
 * from the tree. f64 reads {"__float__": "Infinity"} ("-Infinity", "NaN") as transformers
 * writes it; NaN never passes, an infinity only where lo or hi is infinite. */
pare_status pr_json_get_i64(const pare_doc *obj, const char *key, int64_t lo, int64_t hi,
                            int64_t *out, pare_err *err);
pare_status pr_json_opt_i64(const pare_doc *obj, const char *key, int64_t lo, int64_t hi,
                            int64_t dflt, int64_t *out, pare_err *err);
pare_status pr_json_get_f64(const pare_doc *obj, const char *key, double lo, double hi, double *out,
                            pare_err *err);
pare_status pr_json_opt_f64(const pare_doc *obj, const char *key, double lo, double hi, double dflt,
                            double *out, pare_err *err);
pare_status pr_json_get_bool(const pare_doc *obj, const char *key, bool *out, pare_err *err);
pare_status pr_json_opt_bool(const pare_doc *obj, const char *key, bool dflt, bool *out,
                             pare_err *err);
pare_status pr_json_get_str(const pare_doc *obj, const char *key, pr_str *out, pare_err *err);
/* Missing: *out is {NULL, 0}. */
pare_status pr_json_opt_str(const pare_doc *obj, const char *key, pr_str *out, pare_err *err);
pare_status pr_json_get_arr(const pare_doc *obj, const char *key, const pare_doc **out,
                            pare_err *err);
pare_status pr_json_opt_arr(const pare_doc *obj, const char *key, const pare_doc **out,
                            pare_err *err); /* missing: NULL */
pare_status pr_json_get_obj(const pare_doc *obj, const char *key, const pare_doc **out,
                            pare_err *err);
pare_status pr_json_opt_obj(const pare_doc *obj, const char *key, const pare_doc **out,
                            pare_err *err); /* missing: NULL */
/* One value as the accessors read it: for members of arrays. `what` names it in the error. */
pare_status pr_json_as_i64(const pare_doc *v, const char *what, int64_t lo, int64_t hi,
                           int64_t *out, pare_err *err);
pare_status pr_json_as_f64(const pare_doc *v, const char *what, double lo, double hi, double *out,
                           pare_err *err);
pare_status pr_json_as_str(const pare_doc *v, const char *what, pr_str *out, pare_err *err);
/* {NULL, 0} if it is no text. */
pr_str pr_doc_text_of(const pare_doc *v);
/* Words for what `v` is: "an array", "the text 'abc'", "nothing"; into `dst`, for errors. */
const char *pr_doc_describe(const pare_doc *v, char *dst, size_t cap);

/* --------------------------------------------------------------------- YAML
 * One document: mappings become objects, lists arrays, scalars text; what stands for nothing
 * (an empty plain scalar, ~, null) becomes null. No other type is guessed: `no`, 1.0 and
 * 2024-01-01 stay the text that was written. No text at all is null. Owned by the caller.
 * EINPUT, with the line in its text and the line's first byte in `pos`: no YAML, not UTF-8, a
 * key twice, an alias,
 * a second document, over 1 MiB, over 32 deep, over 100,000 values, keys over 255 bytes. */
pare_status pr_yaml_parse(pare_doc **out, const void *text, size_t n, pare_err *err);

/* ---------------------------------------------------------------------- XML
 * A writer of elements and attributes into a buffer, whose failure is that of the buffer.
 * Names are taken as they are; values and text, in UTF-8, are escaped.
 *
 *   pr_xml x;
 *   pr_xml_begin(&x, &buf);
 *   pr_xml_open(&x, "net");
 *   pr_xml_attr(&x, "name", name);       // before any child
 *   pr_xml_close(&x);
 */
enum { PR_XML_DEPTH = 16 };
typedef struct {
    pr_buf     *to;
    int         depth;
    bool        open; /* attributes may follow */
    const char *stack[PR_XML_DEPTH];
} pr_xml;
void pr_xml_begin(pr_xml *x, pr_buf *to);
/* `name` is borrowed until the element closes. Deeper than PR_XML_DEPTH fails the buffer. */
void pr_xml_open(pr_xml *x, const char *name);
void pr_xml_attr(pr_xml *x, const char *name, const char *value);
void pr_xml_attr_i64(pr_xml *x, const char *name, int64_t value);
void pr_xml_leaf(pr_xml *x, const char *name, const char *text); /* <name>text</name> */
void pr_xml_close(pr_xml *x);

/* Reading what others wrote: one event at a time, names and values pointers into the text.
 *
 *   pr_xml_in x;
 *   pr_xml_read(&x, p, n);
 *   do {
 *       PR_TRY(pr_xml_next(&x, err));
 *       if (x.kind == PR_XML_OPEN && pr_str_eq(x.name, PR_STR("layer"))) … pr_xml_value(&x, "id")
 *   } while (x.kind != PR_XML_END);
 */
enum { PR_XML_IN_DEPTH = 32, PR_XML_ATTRS = 64 };
typedef enum { PR_XML_OPEN, PR_XML_TEXT, PR_XML_CLOSE, PR_XML_END } pr_xml_kind;
typedef struct {
    const char *start, *p, *end;
    pr_xml_kind kind;
    pr_str      name; /* OPEN, CLOSE */
    pr_str      text; /* TEXT: as it stands, without blanks around it; never empty */
    int         n_attrs;
    pr_str      key[PR_XML_ATTRS], value[PR_XML_ATTRS]; /* OPEN; values as they stand */
    int         depth; /* elements open, that of this OPEN among them */
    bool        empty, had_root;
    pr_str      open[PR_XML_IN_DEPTH];
} pr_xml_in;
void pr_xml_read(pr_xml_in *x, const void *p, size_t n);
/* The next event. EINPUT, with the byte: no XML, over 32 deep, over 64 attributes in an element;
 * EUNSUPPORTED: a document type, CDATA. Comments and instructions are passed over. */
pare_status pr_xml_next(pr_xml_in *x, pare_err *err);
/* The attribute as it stands; {NULL, 0}: the element has none of that name. */
pr_str pr_xml_value(const pr_xml_in *x, const char *key);
/* A value or text with its entities resolved, terminated, in the arena. EINPUT: an entity that is
 * not XML's own, a NUL. */
pare_status pr_xml_plain(const pr_xml_in *x, pr_str raw, pr_arena *a, const char **out,
                         pare_err *err);

/* ----------------------------------------------------------------- protobuf
 * The wire format, field by field; nothing is copied or allocated: bytes are
 * pointers into the input, so that weights in an ONNX file are read where they
 * lie. (protobuf-c copies each bytes field.)
 *
 *   pr_pb r = pr_pb_of(p, n);
 *   pr_pb_field f;
 *   while (pr_pb_next(&r, &f, err) == PARE_OK && f.no)
 *       if (f.no == 1 && f.wire == PR_PB_BYTES) name = f.bytes;
 */
typedef struct {
    const uint8_t *start, *p, *end;
} pr_pb;
typedef enum { PR_PB_VARINT = 0, PR_PB_FIXED64 = 1, PR_PB_BYTES = 2, PR_PB_FIXED32 = 5 } pr_pb_wire;
typedef struct {
    uint32_t   no; /* field number; 0: the message ended */
    pr_pb_wire wire;
    uint64_t   u;     /* VARINT, FIXED64, FIXED32 */
    pr_str     bytes; /* BYTES: text, a packed array or a message (pr_pb_of it) */
} pr_pb_field;
pr_pb       pr_pb_of(const void *p, size_t n);
/* The next field, or f->no = 0 at the end. EINPUT (`pos`: byte within this message) for what is
 * cut off, a number too long, field number 0, groups and unknown wire types. */
pare_status pr_pb_next(pr_pb *r, pr_pb_field *f, pare_err *err);
/* One bare varint, as packed arrays hold them; false at the end or if it is cut off. */
bool pr_pb_varint(pr_pb *r, uint64_t *v);
static inline int64_t pr_pb_zigzag(uint64_t u) { return (int64_t)(u >> 1) ^ -(int64_t)(u & 1); }
static inline float   pr_pb_float(const pr_pb_field *f) {
    uint32_t u = (uint32_t)f->u;
    float    v;
    memcpy(&v, &u, sizeof v);
    return v;
}
static inline double pr_pb_double(const pr_pb_field *f) {
    double v;
    memcpy(&v, &f->u, sizeof v);
    return v;
}

/* Writing: one field each. Failures stay in the buffer (pr_buf.failed). A message is made in a
 * buffer of its own, which put_message empties. */
void pr_pb_put_u64(pr_buf *b, uint32_t no, uint64_t v); /* also int64 and bool, as they are cast */
void pr_pb_put_f32(pr_buf *b, uint32_t no, float v);
void pr_pb_put_bytes(pr_buf *b, uint32_t no, const void *p, size_t n);
void pr_pb_put_str(pr_buf *b, uint32_t no, const char *s);
void pr_pb_put_message(pr_buf *b, uint32_t no, pr_buf *message);
#endif
