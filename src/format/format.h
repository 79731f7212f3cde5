/* format.h - the door of `format`: containers of tensors, bytes and not meaning.
 *
 *   pr_container *c;
 *   PR_TRY(pr_container_open(&c, "models/austen-3.7m", err));
 *   const pr_tensor *t = pr_container_find(c, "model.norm.weight");
 *   … t->type, t->dim[0…n_dims-1], t->data, t->bytes …
 *   pr_container_close(c);
 *
 * A container owns its mapped files, names and tables; what it gives out lives until
 * it is closed. It never changes after opening: any number of threads may read it.
 * Everything in the headers (offsets, sizes, counts, text) was checked while opening;
 * no weight is read then. */
#ifndef PR_FORMAT_H
#define PR_FORMAT_H
#include "base/base.h"
#include "doc/doc.h"
#include "tensor/tensor.h"
#include "onnx.h"
#include "ov_ir.h"
#include "fgraph.h"

typedef struct pr_container pr_container;
typedef enum { PR_SAFETENSORS, PR_GGUF, PR_ONNX_MODEL, PR_OPENVINO_MODEL } pr_container_kind;

typedef struct {
    const char    *name; /* terminated; holds no NUL */
    pr_type        type;
    int            n_dims; /* 0 (one number) … PR_MAX_DIMS */
    uint64_t       dim[PR_MAX_DIMS]; /* outermost first, row-major; the rest are 1 */
    const uint8_t *data; /* in the mapping; GGUF: aligned as the file is, safetensors: perhaps
                            not at all */
    uint64_t       bytes;
    int            file;   /* which of the container's files */
    uint64_t       offset; /* of `data` in that file */
} pr_tensor;

/* Open a file by what it holds (not by its name), or a directory: model.safetensors, else
 * model.safetensors.index.json and its shards, else the only *.safetensors, else the only
 * *.gguf, else model.onnx, else openvino_model.xml (with the .bin beside it). Where a single
 * file and an index stand side by side the single file is
 * taken, as transformers does; pr_container_note() says so. The index file itself may
 * be given, too. A GGUF that was split is opened by its first part.
 * EINPUT: missing, cut off, contradicting itself; EUNSUPPORTED: known but not read
 * (big-endian, GGUF version 1, F4 …). On failure *out is NULL. */
pare_status pr_container_open(pr_container **out, const char *path, pare_err *err);
/* The same for one file whose bytes stand in memory: borrowed, unchanged until close. `label` names
 * it in errors. */
pare_status pr_container_open_memory(pr_container **out, const void *p, size_t n,
                                     const char *label, pare_err *err);
void pr_container_close(pr_container *c); /* NULL is fine */

/* Which kind of container. */
pr_container_kind pr_container_kind_of(const pr_container *c);
/* "safetensors", "gguf" */
const char      *pr_container_format(const pr_container *c);
size_t           pr_container_count(const pr_container *c); /* tensors */
/* In the order of the header (of each shard, shards by name); NULL past the end. */
const pr_tensor *pr_container_at(const pr_container *c, size_t i);
const pr_tensor *pr_container_find(const pr_container *c, const char *name); /* NULL: none */
uint64_t         pr_tensor_count(const pr_tensor *t); /* values: the product of dim */
int              pr_container_files(const pr_container *c);
const char      *pr_container_path(const pr_container *c, int file);
uint64_t         pr_container_bytes(const pr_container *c); /* of all files */
/* The graph of a model that brings its own (ONNX, OpenVINO); NULL: the container has none. */
const pr_fgraph *pr_container_graph(const pr_container *c);
/* What opening left aside, for a person; NULL: nothing. */
const char *pr_container_note(const pr_container *c);
/* Tell the kernel that this tensor's pages are not needed again soon. */
void pr_container_drop(const pr_container *c, const pr_tensor *t);

/* ----------------------------------------------------------------- metadata
 * GGUF's keys with their types, in the file's order; safetensors' __metadata__ as text. */

typedef enum { /* the numbers are GGUF's */
    PR_META_U8, PR_META_I8, PR_META_U16, PR_META_I16, PR_META_U32, PR_META_I32, PR_META_F32,
    PR_META_BOOL, PR_META_STR, PR_META_ARR, PR_META_U64, PR_META_I64, PR_META_F64,
    PR_META_TYPES
} pr_meta_type;

typedef struct pr_meta pr_meta;
struct pr_meta {
    const char  *key; /* terminated; NULL inside an array */
    pr_meta_type type;
    pr_meta_type elem; /* ARR: type of the elements */
    uint64_t     n;    /* ARR: how many; STR: bytes */
    union {
        uint64_t       u;   /* U8 U16 U32 U64 BOOL */
        int64_t        i;   /* I8 I16 I32 I64 */
        double         f;   /* F32 F64 */
        const char
            *s; /* STR: n bytes in the file, NOT terminated, may hold NUL or not be UTF-8 */
        const uint8_t *raw; /* ARR of numbers: little-endian, packed, unaligned */
        const pr_str  *str; /* ARR of STR */
        const pr_meta *arr; /* ARR of ARR */
    } v;
};

/* How many keys; the key at place `i` (NULL past the end); the key of that name. */
size_t         pr_container_meta_count(const pr_container *c);
/* In the file's order. */
const pr_meta *pr_container_meta_at(const pr_container *c, size_t i);
const pr_meta *pr_container_meta_find(const pr_container *c, const char *key); /* NULL: none */
const char    *pr_meta_type_name(pr_meta_type t); /* "uint32" … as GGUF's specification says */
/* A value, or element `i` of an array, as a number; false: not a number, out of range, not whole (a
 * float never reads as integer; a bool reads as 0 or 1). */
bool pr_meta_i64(const pr_meta *m, int64_t *out);
bool pr_meta_u64(const pr_meta *m, uint64_t *out);
bool pr_meta_f64(const pr_meta *m, double *out);
bool pr_meta_arr_i64(const pr_meta *m, uint64_t i, int64_t *out);
bool pr_meta_arr_f64(const pr_meta *m, uint64_t i, double *out);
bool pr_meta_arr_str(const pr_meta *m, uint64_t i, pr_str *out);

/* By key, from whatever integer width the file used, if the value fits. `opt`: a missing
 * key gives the default. The error names key, found type or value, and expectation. */
pare_status pr_gguf_get_u32(const pr_container *c, const char *key, uint32_t *out, pare_err *err);
pare_status pr_gguf_opt_u32(const pr_container *c, const char *key, uint32_t dflt, uint32_t *out,
                            pare_err *err);
pare_status pr_gguf_get_i64(const pr_container *c, const char *key, int64_t *out, pare_err *err);
pare_status pr_gguf_opt_i64(const pr_container *c, const char *key, int64_t dflt, int64_t *out,
                            pare_err *err);
pare_status pr_gguf_get_f64(const pr_container *c, const char *key, double *out, pare_err *err);
pare_status pr_gguf_opt_f64(const pr_container *c, const char *key, double dflt, double *out,
                            pare_err *err);
pare_status pr_gguf_get_bool(const pr_container *c, const char *key, bool *out, pare_err *err);
pare_status pr_gguf_opt_bool(const pr_container *c, const char *key, bool dflt, bool *out,
                             pare_err *err);
pare_status pr_gguf_get_str(const pr_container *c, const char *key, pr_str *out, pare_err *err);
/* Missing: {NULL, 0}. */
pare_status pr_gguf_opt_str(const pr_container *c, const char *key, pr_str *out, pare_err *err);
/* An array; elem: PR_META_STR, PR_META_ARR, or any number type for "numbers". */
pare_status pr_gguf_get_arr(const pr_container *c, const char *key, pr_meta_type elem,
                            const pr_meta **out, pare_err *err);
/* Missing: NULL. */
pare_status pr_gguf_opt_arr(const pr_container *c, const char *key, pr_meta_type elem,
                            const pr_meta **out, pare_err *err);
uint32_t pr_gguf_version(const pr_container *c);   /* 2 or 3; 0: not a GGUF */
uint32_t pr_gguf_alignment(const pr_container *c); /* bytes; 0: not a GGUF */

/* ------------------------------------------------------------- writing GGUF
 * Version 3, little-endian. Keys and tensors are declared first, in the order they
 * shall have; then the data follow in that same order, in pieces of any size.
 *
 *   pr_gguf_writer *w;
 *   PR_TRY(pr_gguf_writer_new(&w, path, 0, err));
 *   pr_gguf_add_str(w, "general.architecture", PR_STR("llama"));
 *   PR_GO(pr_gguf_add_tensor(w, "output.weight", PR_Q8_0, 2, (uint64_t[]){256, 64}, err));
 *   PR_GO(pr_gguf_data(w, 0, row, n_bytes, err));           // as often as it takes
 *   return pr_gguf_writer_commit(w, err);                    // frees w
 * done:
 *   pr_gguf_writer_discard(w);
 *
 * Nothing stands under `path` before commit. The same calls give the same bytes. A
 * writer belongs to one thread. */
typedef struct pr_gguf_writer pr_gguf_writer;
/* `alignment` of tensor data: 0 for 32, else a power of two ≥ 8, written as general.alignment. */
pare_status pr_gguf_writer_new(pr_gguf_writer **out, const char *path, uint32_t alignment,
                               pare_err *err);
/* Let `h` (borrowed until commit) see every byte of the file, in its order. Before the first
 * data. */
void pr_gguf_writer_hash(pr_gguf_writer *w, pr_sha256_ctx *h);
/* Keys. A failure (a key twice or empty or over 65535 bytes, no memory, too late) is kept and
 * given out by the next call that takes an error. */
void pr_gguf_add_u8(pr_gguf_writer *w, const char *key, uint8_t v);
void pr_gguf_add_i8(pr_gguf_writer *w, const char *key, int8_t v);
void pr_gguf_add_u16(pr_gguf_writer *w, const char *key, uint16_t v);
void pr_gguf_add_i16(pr_gguf_writer *w, const char *key, int16_t v);
void pr_gguf_add_u32(pr_gguf_writer *w, const char *key, uint32_t v);
void pr_gguf_add_i32(pr_gguf_writer *w, const char *key, int32_t v);
void pr_gguf_add_u64(pr_gguf_writer *w, const char *key, uint64_t v);
void pr_gguf_add_i64(pr_gguf_writer *w, const char *key, int64_t v);
void pr_gguf_add_f32(pr_gguf_writer *w, const char *key, float v);
void pr_gguf_add_f64(pr_gguf_writer *w, const char *key, double v);
void pr_gguf_add_bool(pr_gguf_writer *w, const char *key, bool v);
void pr_gguf_add_str(pr_gguf_writer *w, const char *key, pr_str v);
/* `values`: n numbers of that type as C has them (bool: uint8_t). Not STR, not ARR. */
void pr_gguf_add_arr(pr_gguf_writer *w, const char *key, pr_meta_type elem, const void *values,
                     uint64_t n);
void pr_gguf_add_strs(pr_gguf_writer *w, const char *key, const pr_str *values, uint64_t n);
/* A value of another file as it is, under `key` (NULL: its own); nested arrays too. */
void pr_gguf_add_meta(pr_gguf_writer *w, const char *key, const pr_meta *m);
/* Tensors: dim outermost first, n_dims 1…4 (0 is written as one dimension of 1), rows of whole
 * blocks. */
pare_status pr_gguf_add_tensor(pr_gguf_writer *w, const char *name, pr_type type, int n_dims,
                               const uint64_t *dim, pare_err *err);
/* Bytes of tensor `i` (by declaration): refused if an earlier one is not whole or there are too
 * many. */
pare_status pr_gguf_data(pr_gguf_writer *w, size_t i, const void *p, size_t n, pare_err *err);
/* Bytes the finished file will have. EINTERNAL and the like as kept by the adders. */
pare_status pr_gguf_writer_size(pr_gguf_writer *w, uint64_t *bytes, pare_err *err);
/* Refused (EINTERNAL) unless every declared byte was written. Frees `w` either way. */
pare_status pr_gguf_writer_commit(pr_gguf_writer *w, pare_err *err);
void        pr_gguf_writer_discard(pr_gguf_writer *w); /* NULL is fine */

/* ------------------------------------------------------ writing safetensors
 * Declare, then stream, as above. In the file the tensors stand by size of element,
 * widest first (so that each is aligned), else in the order of declaration; the
 * data are given in the order of declaration. __metadata__ is {"format":"pt"} unless
 * pr_st_add_meta said more. */
typedef struct pr_st_writer pr_st_writer;
/* One file. */
pare_status pr_st_writer_new(pr_st_writer **out, const char *path, pare_err *err);
/* Into a folder (made if missing): model.safetensors, or, when the tensors take more than
 * `max_shard_bytes` (0: no limit), model-00001-of-0000N.safetensors and
 * model.safetensors.index.json. A tensor is never cut; one that is larger has a shard alone. */
pare_status pr_st_writer_new_dir(pr_st_writer **out, const char *dir, uint64_t max_shard_bytes,
                                 pare_err *err);
pare_status pr_st_add_meta(pr_st_writer *w, const char *key, const char *value, pare_err *err);
/* Types that safetensors has; name: UTF-8, not "__metadata__", not twice. dim outermost first. */
pare_status pr_st_add_tensor(pr_st_writer *w, const char *name, pr_type type, int n_dims,
                             const uint64_t *dim, pare_err *err);
pare_status pr_st_data(pr_st_writer *w, size_t i, const void *p, size_t n, pare_err *err);
pare_status pr_st_writer_commit(pr_st_writer *w, pare_err *err); /* frees `w` either way */
void        pr_st_writer_discard(pr_st_writer *w);               /* NULL is fine */
#endif
