/* codec_group_codes.h - values to levels and levels to codes, a register at a time.
 *
 * Always true: the codes are those that one division (MLX) or one product (SYM, ASYM) by value
 * and rounding to nearest, ties to even, give; the width of a register changes no bit. Included by
 * codec_group_tmpl.h. */

/* store_levels: NATIVE levels, whole numbers that `bits` bits (4 or 8) hold, as codes with the bits
 * of `turn` flipped; where the next ones go. lane_any_below: is a lane of `a` below `b`? */
#if defined(__AVX512F__)
static PR_INLINE uint8_t *store_levels(uint8_t *dst, native q, int bits, int turn) {
    __m512i v = _mm512_xor_si512(_mm512_cvtps_epi32(q), _mm512_set1_epi32(turn));
    if (bits == 4) { /* neighbours are the halves of 64 bits */
        v = _mm512_or_si512(v, _mm512_srli_epi64(v, 28));
        _mm_storel_epi64((__m128i *)(void *)dst, _mm512_cvtepi64_epi8(v));
        return dst + 8;
    }
    _mm_storeu_si128((__m128i *)(void *)dst, _mm512_cvtepi32_epi8(v));
    return dst + 16;
}
static PR_INLINE bool lane_any_below(native a, float b) {
    return _mm512_cmp_ps_mask(a, lane_splat(b), _CMP_LT_OQ) != 0;
}
#elif defined(__AVX2__)
static PR_INLINE uint8_t *store_levels(uint8_t *dst, native q, int bits, int turn) {
    __m256i v = _mm256_xor_si256(_mm256_cvtps_epi32(q), _mm256_set1_epi32(turn));
    __m128i w = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    w = _mm_packus_epi16(w, w);
    if (bits == 4) {
        w = _mm_maddubs_epi16(w, _mm_set1_epi16(0x1001)); /* the first, and 16 times the second */
        int half = _mm_cvtsi128_si32(_mm_packus_epi16(w, w));
        memcpy(dst, &half, 4);
        return dst + 4;
    }
    _mm_storel_epi64((__m128i *)(void *)dst, w);
    return dst + 8;
}
static PR_INLINE bool lane_any_below(native a, float b) {
    return _mm256_movemask_ps(_mm256_cmp_ps(a, lane_splat(b), _CMP_LT_OQ)) != 0;
}
#else
static PR_INLINE uint8_t *store_levels(uint8_t *dst, native q, int bits, int turn) {
    uint8_t c[NATIVE];
    for (int k = 0; k < NATIVE; k++) c[k] = (uint8_t)((int32_t)q[k] ^ turn);
    if (bits == 4) {
        for (int k = 0; k < NATIVE; k += 2) *dst++ = (uint8_t)(c[k] | c[k + 1] << 4);
        return dst;
    }
    memcpy(dst, c, sizeof c);
    return dst + sizeof c;
}
static PR_INLINE bool lane_any_below(native a, float b) {
    bool any = false;
    for (int k = 0; k < NATIVE; k++) any |= a[k] < b;
    return any;
}
#endif

/* MLX divides. A product with 1/s is faster, and at most three roundings of 2^-24 away from
 * the quotient: only where it lies closer to the middle of two levels than that could it end on
 * another one. False: some value does, and the codes mean nothing. */
static PR_INLINE bool mlx_by_product(uint8_t *dst, const group_fit *f, const float *x, int64_t n,
                                     int bits) {
    float most = (float)((1 << bits) - 1), inv = 1 / f->s, size = f->s < 0 ? -f->s : f->s;
    native near = lane_splat(1);
    if (!(size > 0x1p-40f && size < 0x1p100f)) return false;
    for (int64_t i = 0; i < n; i += NATIVE) {
        native at = lane_clamp((lane_load(x + i, 0) - f->b) * inv, 0, most),
               q = lane_round(at);
        near = lane_min(near, 0.5f - lane_abs(at - q));
        dst = store_levels(dst, q, bits, 0);
    }
    return !lane_any_below(near, most * 0x1p-22f);
}

static PR_INLINE void mlx_by_quotient(uint8_t *dst, const group_fit *f, const float *x, int64_t n,
                                      int bits) {
    float most = (float)((1 << bits) - 1);
    for (int64_t i = 0; i < n; i += NATIVE)
        dst = store_levels(
            dst, lane_round(lane_clamp((lane_load(x + i, 0) - f->b) / f->s, 0, most)), bits, 0);
}

/* Four or eight bits; `n` is a multiple of 16. */
static PR_INLINE void whole_codes(const pr_group_spec *g, uint8_t *dst, const group_fit *f,
                                  const float *x, int64_t n, int bits) {
    if (g->rule == PR_GROUP_MLX) {
        if (!mlx_by_product(dst, f, x, n, bits)) mlx_by_quotient(dst, f, x, n, bits);
        return;
    }
    float most = (float)((1 << bits) - 1), z = g->rule == PR_GROUP_SYM ? (most + 1) / 2 : f->z;
    float inv = f->s != 0 ? 1 / f->s : 0;
    int turn = g->rule == PR_GROUP_SYM && g->twos ? 1 << (bits - 1) : 0;
    for (int64_t i = 0; i < n; i += NATIVE) {
        native q = lane_round(lane_clamp(lane_load(x + i, 0) * inv, -z, most - z));
        dst = store_levels(dst, q + z, bits, turn);
    }
}
