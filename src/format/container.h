/* container.h - what a plug-in of this room fills, and the shape all have. */
#ifndef PR_FORMAT_CONTAINER_H
#define PR_FORMAT_CONTAINER_H
#include "format/format.h"

/* Names to places: open addressing over an array whose elements begin with a
 * `const char *`. The array must stand still. */
typedef struct {
    const void *base;
    size_t      stride, n;
    uint32_t   *slot; /* index + 1, 0: free */
    uint64_t    mask;
} pr_names;
/* ENOMEM; EINPUT and *twice = the second place of a name that stands twice. */
pare_status pr_names_build(pr_names *t, const void *base, size_t stride, size_t n, size_t *twice,
                           pare_err *err);
/* The place, or SIZE_MAX. */
size_t pr_names_find(const pr_names *t, const char *name);
void   pr_names_done(pr_names *t);

/* One range of bytes that somebody owns; for finding overlaps and holes. */
typedef struct {
    uint64_t from, to;
    size_t   who;
} pr_range;
void pr_ranges_sort(pr_range *r, size_t n);

/* A kind of file. `probe` looks at the first bytes and the name; `open` reads the headers of
 * c->files[0…n_files-1] into the container; whatever it took is freed by pr_container_close. */
typedef struct {
    const char       *name;
    pr_container_kind kind;
    bool (*probe)(const pr_map *file);
    pare_status (*open)(pr_container *c, pare_err *err);
} pr_format;
extern const pr_format pr_format_safetensors, pr_format_gguf, pr_format_onnx,
    pr_format_openvino;

struct pr_container {
    const pr_format *format;
    pr_arena        *arena;
    pr_map          *files;
    int              n_files;
    bool             borrowed; /* files[0] is somebody's memory */
    pr_tensor       *tensors;
    size_t           n_tensors, cap_tensors;
    pr_names         tensor_names;
    pr_meta         *meta; /* in the arena */
    size_t           n_meta;
    pr_names         meta_names;
    uint32_t         gguf_version, gguf_alignment;
    const pr_fgraph *graph; /* of a model that brings its own */
    const char      *note;
};

enum { PR_FILES_MAX = 10000 };
/* Map one more file; its number is n_files - 1 afterwards. */
pare_status pr_container_map(pr_container *c, const char *path, pare_err *err);
/* Room for n more tensors. */
pare_status pr_container_reserve(pr_container *c, uint64_t n, pare_err *err);
/* Build the tables of names; EINPUT for a name that stands twice. */
pare_status pr_container_index(pr_container *c, pare_err *err);
/* Fail in a file of the container. */
pare_status pr_container_fail(const pr_container *c, int file, pare_err *err, pare_status st,
                              int64_t pos, const char *fmt, ...) PR_PRINTF(6, 7);
/* The product of dim, or false if it is over 2^64. */
bool pr_dims_product(const uint64_t *dim, int n, uint64_t *product);
/* A constant's type, shape and bytes agree; fills `count`. `name`: for the error. */
pare_status pr_fg_const_check(pr_fg_const *c, const char *name, pare_err *err);
/* safetensors: all shards that an index names (st_index.c). `index`: path of the index file. */
pare_status pr_st_index_load(pr_container *c, const char *index, pare_err *err);
/* Element `i` < n of an array of numbers, as a value of its own. */
pr_meta pr_meta_element(const pr_meta *arr, uint64_t i);
#endif
