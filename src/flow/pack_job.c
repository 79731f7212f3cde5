/* pack_job.c - what the words of `convert` mean for formats whose weights are numbers in groups. */
#include "flow.h"
#include <strings.h>

/* "int4" and its like; 0: none of them. */
static int bits_of(const char *quant) {
    static const char *const names[] = {"int2", "int3", "int4", "int5", "int6", "int8"};
    static const int bits[] = {2, 3, 4, 5, 6, 8};
    for (size_t i = 0; i < PR_COUNT(names); i++)
        if (strcasecmp(quant, names[i]) == 0) return bits[i];
    return 0;
}

pare_status pr_pack_job_of(const pare_convert_opts *o, pr_type floats, pr_pack_job *job,
                           pare_err *err) {
    *job = (pr_pack_job){.dir = o->out,
                         .type = floats,
                         .group = o->group_size,
                         .keep = !o->quant && !o->group_size,
                         .symmetric = o->symmetric != 0,
                         .exact = o->exact != 0,
                         .dialect = o->dialect,
                         .lineage = o->lineage,
                         .strict = o->strict != 0,
                         .allow_inexact = o->allow_inexact != 0};
    if (o->group_size < 0 || o->group_size % 8 != 0 || o->group_size > 1 << 16)
        return pr_fail(err, PARE_EUSAGE, -1, "group size %lld: expected a multiple of 8",
                       (long long)o->group_size);
    if (o->quant) {
        job->bits = pr_is_w8a8(o) && strcmp(o->to, "mlx") != 0 ? 8 : bits_of(o->quant);
        job->fp4 = strcasecmp(o->quant, "mxfp4") == 0;
        if (job->fp4 && strcmp(o->to, "mlx") != 0)
            return pr_fail(err, PARE_EREFUSED, -1, "%s: mxfp4 is written for mlx only", o->to);
        job->nf4 = strcasecmp(o->quant, "nf4") == 0;
        if (job->nf4 && strcmp(o->to, "openvino") != 0)
            return pr_fail(err, PARE_EREFUSED, -1,
                           "%s: nf4 is written for openvino only, no other runtime has the type",
                           o->to);
        if (job->fp4 || job->nf4) job->bits = 4;
        bool is_float = !job->bits && pr_type_from_name(o->quant, &job->type) &&
                        (job->type == PR_F32 || job->type == PR_F16 || job->type == PR_BF16);
        if (!job->bits && !is_float)
            return pr_fail(err, PARE_EUSAGE, -1,
                           "%s takes F32, F16, BF16 or int2 … int8%s, not '%s'", o->to,
                           strcmp(o->to, "mlx") == 0        ? ", mxfp4"
                           : strcmp(o->to, "openvino") == 0 ? ", nf4, w8a8"
                                                            : ", w8a8",
                           o->quant);
        if (!is_float) job->type = floats;
    }
    if (!o->head_quant) return PARE_OK;
    job->head_bits = bits_of(o->head_quant);
    if (job->head_bits && job->bits) return PARE_OK;
    return pr_fail(err, PARE_EUSAGE, -1,
                   "the head takes int2 … int8 beside a quant of that kind, not '%s'",
                   o->head_quant);
}
