/* exact.h - elementary functions that give the same bits on every machine:
 * no libm, no contraction, only IEEE + - * / sqrt in double. Within 1 ulp of
 * the true value over the ranges given. Kernels in float are in `kernel`. */
#ifndef PR_EXACT_H
#define PR_EXACT_H
double pr_exp(double x);
double pr_log(double x);             /* x > 0 */
double pr_pow(double x, double y);   /* x > 0 */
void   pr_sincos(double x, double *s, double *c); /* |x| ≤ 2^30 */
#endif
