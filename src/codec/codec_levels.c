/* codec_levels.c - the levels of a block without its scales: taken out, and put in again.
 *
 * Always true: scales are neither read nor changed. What value a level has is the decoders'
 * affair. How the bits lie is said beside each decoder (codec_decode_tmpl.h). */
#include "codec/codec.h"

static const struct {
    pr_type type;
    pr_levels l;
} known[] = {
    {PR_Q4_0, {16, 32}},   {PR_Q4_1, {16, 32}}, {PR_Q5_0, {32, 32}}, {PR_Q5_1, {32, 32}},
    {PR_IQ4_NL, {16, 32}}, {PR_Q2_K, {4, 16}},  {PR_Q3_K, {8, 16}},  {PR_Q4_K, {16, 32}},
    {PR_Q5_K, {32, 32}},   {PR_Q6_K, {64, 16}}, {PR_IQ4_XS, {16, 32}},
};

bool pr_levels_of(pr_type t, pr_levels *out) {
    for (size_t i = 0; i < PR_COUNT(known); i++) {
        if (known[i].type != t) continue;
        *out = known[i].l;
        return true;
    }
    return false;
}

/* ------------------------------------------------------------------ bits */

/* Bits first…first+n-1 of the level at `*lev` and of the byte at `*p` are the same ones. */
static void some_bits(uint8_t *p, int at, uint8_t *lev, int first, int n, bool put) {
    unsigned mask = (1u << n) - 1;
    if (put) *p = (uint8_t)((*p & ~(mask << at)) | ((*lev >> first & mask) << at));
    else *lev = (uint8_t)((*lev & ~(mask << first)) | ((*p >> at & mask) << first));
}

/* Blocks of 32: nibbles j and j + 16 in byte j; the fifth bit of j in bit j of `qh`. */
static void short_block(uint8_t *qs, uint8_t *qh, uint8_t *lev, bool put) {
    for (int j = 0; j < 32; j++) {
        some_bits(qs + j % 16, j / 16 * 4, lev + j, 0, 4, put);
        if (qh) some_bits(qh + j / 8, j % 8, lev + j, 4, 1, put);
    }
}

/* Two bits each: value 32·k + l of a half of 128 in bits 2k of byte l. */
static void crumbs(uint8_t *qs, uint8_t *lev, int first, bool put) {
    for (int i = 0; i < 256; i++)
        some_bits(qs + i / 128 * 32 + i % 32, i % 128 / 32 * 2, lev + i, first, 2, put);
}

/* Nibbles of 64 values in 32 bytes; the fifth bits, of sub-block s in bit s of byte l. */
static void pairs(uint8_t *qs, uint8_t *qh, uint8_t *lev, bool put) {
    for (int i = 0; i < 256; i++) {
        some_bits(qs + i / 64 * 32 + i % 32, i % 64 / 32 * 4, lev + i, 0, 4, put);
        if (qh) some_bits(qh + i % 32, i / 32, lev + i, 4, 1, put);
    }
}

static void sixes(pr_blk_q6_k *b, uint8_t *lev, bool put) {
    for (int i = 0; i < 256; i++) {
        int h = i / 128, k = i % 128 / 32, l = i % 32;
        some_bits(b->ql + 64 * h + 32 * (k % 2) + l, k / 2 * 4, lev + i, 0, 4, put);
    }
    crumbs(b->qh, lev, 4, put);
}

static void threes(pr_blk_q3_k *b, uint8_t *lev, bool put) {
    crumbs(b->qs, lev, 0, put);
    for (int i = 0; i < 256; i++)
        some_bits(b->hmask + i % 32, i / 32, lev + i, 2, 1, put);
}

static void four_by_four(pr_blk_iq4_xs *b, uint8_t *lev, bool put) {
    for (int s = 0; s < 8; s++) short_block(b->qs + 16 * s, NULL, lev + 32 * s, put);
}

/* One block. Members of these structs lie at odd addresses of the caller's: copied first. */
static void move(pr_type t, void *block, uint8_t *lev, bool put) {
    union {
        pr_blk_q4_0 q4_0;
        pr_blk_q4_1 q4_1;
        pr_blk_q5_0 q5_0;
        pr_blk_q5_1 q5_1;
        pr_blk_iq4_nl iq4_nl;
        pr_blk_q2_k q2_k;
        pr_blk_q3_k q3_k;
        pr_blk_q4_k q4_k;
        pr_blk_q5_k q5_k;
        pr_blk_q6_k q6_k;
        pr_blk_iq4_xs iq4_xs;
    } b;
    size_t n = (size_t)pr_type_get(t)->bytes;
    memcpy(&b, block, n);
    if (!put) memset(lev, 0, (size_t)pr_type_get(t)->block);
    switch (t) {
    case PR_Q4_0: short_block(b.q4_0.qs, NULL, lev, put); break;
    case PR_Q4_1: short_block(b.q4_1.qs, NULL, lev, put); break;
    case PR_Q5_0: short_block(b.q5_0.qs, b.q5_0.qh, lev, put); break;
    case PR_Q5_1: short_block(b.q5_1.qs, b.q5_1.qh, lev, put); break;
    case PR_IQ4_NL: short_block(b.iq4_nl.qs, NULL, lev, put); break;
    case PR_Q2_K: crumbs(b.q2_k.qs, lev, 0, put); break;
    case PR_Q3_K: threes(&b.q3_k, lev, put); break;
    case PR_Q4_K: pairs(b.q4_k.qs, NULL, lev, put); break;
    case PR_Q5_K: pairs(b.q5_k.qs, b.q5_k.qh, lev, put); break;
    case PR_Q6_K: sixes(&b.q6_k, lev, put); break;
    case PR_IQ4_XS: four_by_four(&b.iq4_xs, lev, put); break;
    default: return;
    }
    if (put) memcpy(block, &b, n);
}

void pr_levels_take(pr_type t, const void *block, uint8_t *lev) {
    uint8_t copy[256];
    memcpy(copy, block, (size_t)pr_type_get(t)->bytes);
    move(t, copy, lev, false);
}

void pr_levels_put(pr_type t, void *block, const uint8_t *lev) {
    uint8_t copy[256];
    memcpy(copy, lev, (size_t)pr_type_get(t)->block);
    move(t, block, copy, true);
}
