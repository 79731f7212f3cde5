/* prune.h - the door of `prune`: a model with parts taken out, and which parts cost least.
 *
 *   pr_cut     cut;
 *   pr_pruned *p;
 *   PR_TRY(pr_cut_init(&cut, m, arena, err));            // nothing taken out
 *   cut.drop[3] = true;                                  // the whole of layer 3
 *   PR_TRY(pr_pruned_new(&p, m, &cut, "/var/tmp", ctl, err));
 *   PR_TRY(pr_convert_gguf(pr_pruned_model(p), …));      // or a session, or anything else
 *   pr_pruned_free(p);                                   // before the model that it was made of
 *
 * Three things can be taken out without another format or kernel: whole layers (depth); channels of
 * the feed-forward part; groups of heads, a key-value head with the query heads that share it.
 * Of the
 * last two each layer loses as many as any other, which ones is the layer's own matter.
 *
 * A pruned model is a pr_model like any other. Weights that stay whole are read where they lie;
 * those that lose rows or columns are copied into a file without a name, so memory does not grow
 * with them. Rows of blocks are taken as they are; blocks that lose columns become F32.
 *
 * A cut and a plan live in the arena; a pr_pruned is read by any thread, like a model. */
#ifndef PR_PRUNE_H
#define PR_PRUNE_H
#include "base/base.h"
#include "measure/measure.h"
#include "model/model.h"
#include "quant/quant.h"

typedef struct {
    bool    *drop; /* [n_layer]: the whole layer */
    /* What stays, per layer, ascending, without doubles; NULL: all. A dropped layer's is not
     * read. */
    int32_t **ff; /* channels of the feed-forward part, `d_ff` of them */
    int32_t **kv; /* key-value heads, `n_kv` of them */
    int       d_ff, n_kv;
} pr_cut;

/* Nothing taken out; room for what will be. From the arena. */
pare_status pr_cut_init(pr_cut *c, const pr_model *m, pr_arena *a, pare_err *err);

typedef struct pr_pruned pr_pruned;
/* `dir`: a folder with room for the copied weights. `m` must outlive it. PARE_EUSAGE: a cut that
 * leaves nothing, or names what is not there; PARE_EUNSUPPORTED: layers of different shapes where
 * channels or heads are cut, or a weight that pare cannot decode. */
pare_status pr_pruned_new(pr_pruned **out, const pr_model *m, const pr_cut *cut,
                          const char *dir, const pare_ctl *ctl, pare_err *err);
const pr_model *pr_pruned_model(const pr_pruned *p);
void            pr_pruned_free(pr_pruned *p); /* NULL is fine */

/* ---- which parts ---- */

/* Bytes of what will be written of a model: what a share is a share of. */
typedef uint64_t (*pr_prune_bytes)(void *user, const pr_model *m);

typedef struct {
    double         share;     /* at least so much of the layers' bytes, in (0, 0.9] */
    pr_str         text;      /* to measure on */
    int64_t        n_windows; /* 0: 16 */
    int64_t        window;    /* 0: 128, or the model's context if that is less */
    const char    *dir;       /* for copied weights */
    pr_prune_bytes bytes;     /* NULL: the weights' values */
    void          *user;
} pr_prune_opts;

/* One way that was measured. */
typedef struct {
    pr_cut   cut;
    int n_drop, ff_less,
        kv_less; /* layers; channels and heads that each remaining layer lost */
    uint64_t bytes;
    double   share; /* really, of the layers' bytes */
    pr_est   kld;   /* mean, nats, against the whole model */
} pr_prune_way;

enum { PR_PRUNE_WAYS = 24 };

typedef struct {
    uint64_t     bytes;        /* of the whole model */
    uint64_t     layer_bytes;  /* of its layers */
    pr_est      *layer_kld;    /* [n_layer]: that layer alone dropped */
    pr_prune_way way[PR_PRUNE_WAYS];
    int          n_ways, choice; /* the least KLD of those that reach the share */
    int64_t      n_tokens;       /* it was measured on so many */
} pr_prune_plan;

/* Find what costs least: each layer's loss is measured, channels and heads are ranked by what they
 * add to the layer's output on the text (mean square of the input times the column's norm: the
 * structured form of Wanda, Sun et al. 2023), and every mixture of depth and width that reaches the
 * share is measured as a whole; the least KL divergence is taken. PARE_EREFUSED: no way reaches
 * it, or none
 * saves a byte; PARE_EUSAGE: a share that is none; PARE_EINPUT: a text that will not do. */
pare_status pr_prune_find(pr_prune_plan *out, const pr_model *m, const pr_prune_opts *o,
                          const pare_ctl *ctl, pr_arena *a, pare_err *err);
/* "layer 3 dropped, 128 of 768 channels": into `dst`. */
void pr_prune_say(const pr_model *m, const pr_prune_way *w, char *dst, size_t cap);
/* The plan as a document's members. */
void pr_prune_put(pr_doc_build *b, pare_doc *obj, const pr_model *m, const pr_prune_plan *p);
#endif
