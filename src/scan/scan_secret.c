/* scan_secret.c - keys and passwords in text. Two nets: the forms that issuers give their
 * tokens (fixed prefix, alphabet and length), and what stands after a telling name and looks
 * drawn by lot. Always true: a match begins and ends at a boundary, so that a longer word is
 * none; linear in the text; nothing of a secret but its form is told.
 *
 * Forms: the issuers' documents (GitHub: behind the prefix 30 characters and their CRC-32 in
 * base 62, which is checked; AWS, Google, Slack, Stripe, GitLab, npm, PyPI, Hugging Face, OpenAI,
 * Anthropic: prefix and length). */
#include <stdio.h>
#include "scan_in.h"

typedef enum { C_ALNUM, C_B64URL, C_AWS, C_HEX, C_ALPHA, C_SLACK } alphabet;

typedef struct {
    const char *rule, *prefix;
    alphabet    set;
    size_t      least, most; /* characters behind the prefix */
    double      entropy;     /* bits a character at least */
    const char *what;
} form;

static const form forms[] = {
    {"aws-key-id", "AKIA", C_AWS, 16, 16, 2.5, "an AWS access key id"},
    {"aws-key-id", "ASIA", C_AWS, 16, 16, 2.5, "a temporary AWS access key id"},
    {"github-token", "ghp_", C_ALNUM, 36, 36, 0, "a GitHub personal token"},
    {"github-token", "gho_", C_ALNUM, 36, 36, 0, "a GitHub OAuth token"},
    {"github-token", "ghu_", C_ALNUM, 36, 36, 0, "a GitHub user token"},
    {"github-token", "ghs_", C_ALNUM, 36, 36, 0, "a GitHub server token"},
    {"github-token", "ghr_", C_ALNUM, 36, 36, 0, "a GitHub refresh token"},
    {"github-token", "github_pat_", C_B64URL, 82, 82, 3, "a GitHub fine-grained token"},
    {"gitlab-token", "glpat-", C_B64URL, 20, 64, 3, "a GitLab token"},
    {"huggingface-token", "hf_", C_ALNUM, 34, 40, 3, "a Hugging Face token"},
    {"huggingface-token", "api_org_", C_ALPHA, 34, 34, 3, "a Hugging Face organisation token"},
    {"anthropic-key", "sk-ant-", C_B64URL, 40, 160, 3.5, "an Anthropic key"},
    {"openai-key", "sk-proj-", C_B64URL, 40, 200, 3.5, "an OpenAI project key"},
    {"openai-key", "sk-svcacct-", C_B64URL, 40, 200, 3.5, "an OpenAI service key"},
    {"openai-key", "sk-", C_ALNUM, 48, 48, 3.5, "an OpenAI key"},
    {"google-key", "AIza", C_B64URL, 35, 35, 3, "a Google API key"},
    {"google-oauth", "GOCSPX-", C_B64URL, 28, 28, 3, "a Google OAuth secret"},
    {"slack-token", "xoxb-", C_SLACK, 20, 120, 3, "a Slack bot token"},
    {"slack-token", "xoxp-", C_SLACK, 20, 120, 3, "a Slack user token"},
    {"slack-token", "xapp-", C_SLACK, 20, 160, 3, "a Slack app token"},
    {"stripe-key", "sk_live_", C_ALNUM, 24, 99, 3, "a Stripe secret key"},
    {"stripe-key", "rk_live_", C_ALNUM, 24, 99, 3, "a Stripe restricted key"},
    {"npm-token", "npm_", C_ALNUM, 36, 36, 3, "an npm token"},
    {"pypi-token", "pypi-AgEIcHlwaS5vcmc", C_B64URL, 50, 300, 3, "a PyPI token"},
    {"sendgrid-key", "SG.", C_B64URL, 22, 22, 3, "a SendGrid key"},
    {"databricks-token", "dapi", C_HEX, 32, 32, 3, "a Databricks token"},
    {"digitalocean-token", "dop_v1_", C_HEX, 64, 64, 3, "a DigitalOcean token"},
    {"replicate-token", "r8_", C_ALNUM, 37, 37, 3, "a Replicate token"},
};

static bool in_set(alphabet set, char c) {
    switch (set) {
    case C_AWS: return scan_upper(c) || (c >= '2' && c <= '7');
    case C_HEX: return scan_digit(c) || (c >= 'a' && c <= 'f');
    case C_ALPHA: return scan_lower(c) || scan_upper(c);
    case C_B64URL: return scan_alnum(c) || c == '-' || c == '_';
    case C_SLACK: return scan_alnum(c) || c == '-';
    default: return scan_alnum(c);
    }
}

/* Shannon's, of the characters' own frequencies: bits a character. */
static double entropy(const char *p, size_t n) {
    uint32_t count[256] = {0};
    double   h = 0, ln2 = pr_log(2);
    for (size_t i = 0; i < n; i++) count[(uint8_t)p[i]]++;
    for (int i = 0; i < 256; i++)
        if (count[i]) h -= count[i] * pr_log((double)count[i] / (double)n) / ln2;
    return n ? h / (double)n : 0;
}

static bool is_word(char c) {
    return scan_alnum(c) || c == '_';
}

/* The last six characters are the CRC-32 of the thirty before, in base 62. */
static bool github_sum_holds(const char *p) {
    static const char digits[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint32_t crc = 0xffffffffu;
    for (int i = 0; i < 30; i++) {
        crc ^= (uint8_t)p[i];
        for (int b = 0; b < 8; b++) crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
    }
    crc = ~crc;
    for (int i = 35; i >= 30; i--, crc /= 62)
        if (p[i] != digits[crc % 62]) return false;
    return true;
}

static size_t form_at(pr_str t, size_t at, const form *f) {
    size_t k = strlen(f->prefix), n = 0;
    if (t.n - at < k + f->least || memcmp(t.p + at, f->prefix, k) != 0) return 0;
    const char *body = t.p + at + k;
    while (n < t.n - at - k && n <= f->most && in_set(f->set, body[n])) n++;
    if (n < f->least || n > f->most) return 0;
    if (at + k + n < t.n && is_word(body[n])) return 0; /* goes on: another word */
    if (f->entropy > 0 && entropy(body, n) < f->entropy) return 0;
    if (strcmp(f->rule, "github-token") == 0 && n == 36 && !github_sum_holds(body)) return 0;
    return k + n;
}

/* ------------------------------------------------------------------ other forms */

static size_t run(pr_str t, size_t at, alphabet set) {
    size_t n = 0;
    while (at + n < t.n && in_set(set, t.p[at + n])) n++;
    return n;
}

/* Three parts of base 64, the first two of which begin as JSON objects do. */
static size_t token_at(pr_str t, size_t at) {
    size_t a, b, c;
    if (t.n - at < 40 || memcmp(t.p + at, "eyJ", 3) != 0) return 0;
    a = run(t, at, C_B64URL);
    if (at + a + 4 >= t.n || memcmp(t.p + at + a, ".eyJ", 4) != 0) return 0;
    b = run(t, at + a + 1, C_B64URL);
    if (at + a + b + 2 >= t.n || t.p[at + a + b + 1] != '.') return 0;
    c = run(t, at + a + b + 2, C_B64URL);
    return c >= 20 ? a + b + c + 2 : 0;
}

/* A key in PEM armour, with something in it. */
static size_t armour_at(pr_str t, size_t at) {
    static const char begin[] = "-----BEGIN ";
    size_t            k = sizeof begin - 1, most = PR_MIN(t.n - at, (size_t)80);
    if (most < 30 || memcmp(t.p + at, begin, k) != 0) return 0;
    const char *end = memmem(t.p + at + k, most - k, "-----", 5);
    if (!end) return 0;
    size_t n = (size_t)(end - t.p) - at;
    if (!memmem(t.p + at, n, "PRIVATE KEY", 11)) return 0;
    const char *line = end + 5, *stop = t.p + t.n;
    size_t      body = 0;
    while (line < stop && (*line == '\n' || *line == '\r' || *line == '\\' || *line == 'n')) line++;
    while (line + body < stop && body < 16 &&
           (scan_alnum(line[body]) || scan_among(line[body], "+/=-: ")))
        body++;
    return body >= 16 ? n + 5 : 0;
}

static bool is_placeholder(const char *p, size_t n) {
    static const char *const words[] = {"example", "changeme", "password", "secret", "your",
                                        "xxxx",    "****",     "dummy",    "sample", "token",
                                        "redacted", "placeholder", "test", "0000",  "1234567"};
    for (size_t i = 0; i < n; i++)
        for (size_t w = 0; w < PR_COUNT(words); w++)
            if (scan_begins(p + i, n - i, words[w])) return true;
    return n > 0 && scan_among(p[0], "<${%[");
}

/* "://name:password@": where it begins, the scheme's end is known. */
static size_t login_at(pr_str t, size_t at) {
    size_t p = at + 3, user, pass;
    if (t.n - at < 12 || memcmp(t.p + at, "://", 3) != 0) return 0;
    for (user = 0; p + user < t.n && user < 64 && (is_word(t.p[p + user]) ||
                                                   scan_among(t.p[p + user], ".-%"));) user++;
    if (!user || p + user >= t.n || t.p[p + user] != ':') return 0;
    p += user + 1;
    for (pass = 0; p + pass < t.n && pass < 128 && t.p[p + pass] > ' ' &&
                   !scan_among(t.p[p + pass], "@/\"'<>");) pass++;
    if (pass < 4 || p + pass >= t.n || t.p[p + pass] != '@') return 0;
    return is_placeholder(t.p + p, pass) ? 0 : p + pass + 1 - at;
}

/* ------------------------------------------------------------------ telling names */

static const char *const names[] = {"password",   "passwd",      "secret",     "api_key",
                                    "apikey",     "api-key",     "access_key", "auth_token",
                                    "secret_key", "private_key", "client_secret", "access_token",
                                    "aws_secret_access_key", "bearer"};

/* The name that ends just before `at` (which is its end), or NULL. */
static bool name_ends(pr_str t, size_t at) {
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        size_t k = strlen(names[i]);
        if (at >= k && scan_is(t.p + at - k, k, names[i])) return true;
    }
    return false;
}

/* What a lot draws: letters and digits mixed, as many as a key has, with the bits of chance.
 * Hexadecimal digits carry 4 bits at most. */
static bool looks_drawn(const char *p, size_t n) {
    size_t digits = 0, letters = 0, upper = 0, hex = 0;
    for (size_t i = 0; i < n; i++) {
        digits += scan_digit(p[i]);
        letters += scan_lower(p[i]);
        upper += scan_upper(p[i]);
        hex += scan_hex(p[i]);
    }
    if (n < 16 || n > 256 || digits < 2 || letters + upper < 2) return false;
    if (is_placeholder(p, n)) return false;
    return entropy(p, n) >= (hex == n ? 3.0 : 3.5);
}

/* At ':' or '=' after a telling name: the length up to the value's end, 0: it is no secret. */
static size_t assigned_at(pr_str t, size_t at) {
    size_t e = at, p = at + 1, n = 0;
    while (e > 0 && (t.p[e - 1] == ' ' || t.p[e - 1] == '"' || t.p[e - 1] == '\'')) e--;
    if (at - e > 4 || !name_ends(t, e)) return 0;
    while (p < t.n && p - at < 6 && (t.p[p] == ' ' || t.p[p] == '=')) p++;
    if (p < t.n && (t.p[p] == '"' || t.p[p] == '\'')) p++;
    while (p + n < t.n && n <= 256 && (scan_alnum(t.p[p + n]) || scan_among(t.p[p + n], "+/=_-.~")))
        n++;
    if (p + n < t.n && t.p[p + n] == '(') return 0; /* a call */
    return looks_drawn(t.p + p, n) ? p + n - at : 0;
}

/* ------------------------------------------------------------------ all */

static size_t any_form(pr_str t, size_t at, pr_match_fn fn, void *ctx) {
    char what[120];
    for (size_t i = 0; i < PR_COUNT(forms); i++) {
        if (t.p[at] != forms[i].prefix[0]) continue;
        size_t n = form_at(t, at, &forms[i]);
        if (!n) continue;
        snprintf(what, sizeof what, "%s (%s… of %zu characters)", forms[i].what,
                 forms[i].prefix, n);
        fn(ctx, forms[i].rule, at, n, what);
        return n;
    }
    size_t n = t.p[at] == 'e' ? token_at(t, at) : 0;
    if (n) {
        snprintf(what, sizeof what, "a signed token (JWT) of %zu characters", n);
        fn(ctx, "jwt", at, n, what);
    }
    return n;
}

void pr_secrets_find(pr_str t, pr_match_fn fn, void *ctx) {
    char   what[80];
    size_t n;
    for (size_t at = 0; at < t.n; at++) {
        char c = t.p[at];
        bool fresh = at == 0 || !is_word(t.p[at - 1]);
        if (c == '-' && (n = armour_at(t, at))) {
            fn(ctx, "private-key", at, n, "a private key (PEM)");
            at += n - 1;
        } else if (c == ':' && (n = login_at(t, at))) {
            fn(ctx, "url-password", at, n, "an address with a password");
            at += n - 1;
        } else if ((c == ':' || c == '=') && (n = assigned_at(t, at))) {
            snprintf(what, sizeof what, "%zu characters that look drawn by lot, as a secret", n);
            fn(ctx, "assigned", at, n, what);
            at += n - 1;
        } else if (fresh && scan_alnum(c) && (n = any_form(t, at, fn, ctx))) {
            at += n - 1;
        }
    }
}
