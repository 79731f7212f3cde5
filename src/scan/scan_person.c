/* scan_person.c - data of people in text. Always true: numbers that have check digits count
 * only where these are right; a number inside a longer one, or behind a point, is none; what
 * is told shows the kind and at most the first and last characters.
 *
 * Check digits: IBAN ISO 13616 (mod 97), cards ISO/IEC 7812 (Luhn), France NIR (97 - n mod 97),
 * Spain DNI/NIE (mod 23), Italy codice fiscale (DM 23.12.1976), Switzerland AHV (EAN-13),
 * Brazil CPF (mod 11 twice), Poland PESEL (weights 1 3 7 9). */
#include <stdio.h>
#include "scan_in.h"

static bool is_word(char c) {
    return scan_alnum(c) || c == '_';
}

static char at_or(pr_str t, size_t i, char dflt) {
    return i < t.n ? t.p[i] : dflt;
}

/* No word, and no number with a point or a dash, goes on at either side. */
static bool stands_alone(pr_str t, size_t at, size_t n) {
    char before = at ? t.p[at - 1] : ' ', after = at_or(t, at + n, ' ');
    if (is_word(before) || is_word(after)) return false;
    if ((before == '.' || before == '-' || before == '/') && at > 1 && is_word(t.p[at - 2]))
        return false;
    return !((after == '.' || after == '-') && is_word(at_or(t, at + n + 1, ' ')));
}

/* ------------------------------------------------------------------ e-mail */

static bool mail_char(char c) {
    return scan_alnum(c) || scan_among(c, ".+-_%");
}

/* Names under which documents say "somebody". */
static bool nobody(const char *host, size_t n) {
    static const char *const ends[] = {
        "example.com", "example.org", "example.net", ".example",
        ".invalid",    ".test",       "localhost",   "users.noreply.github.com"};
    for (size_t i = 0; i < PR_COUNT(ends); i++)
        if (scan_ends(host, n, ends[i])) return true;
    return false;
}

/* At '@': how many bytes before it (none before `from`, where another match ended) belong to the
 * address, and its whole length in *n. */
static size_t mail_at(pr_str t, size_t from, size_t at, size_t *n) {
    size_t before = 0, after = 0, dot = 0;
    while (before < 64 && before < at - from && mail_char(t.p[at - 1 - before])) before++;
    while (before && !scan_alnum(t.p[at - before])) before--;
    while (after < 190 && at + 1 + after < t.n &&
           (scan_alnum(t.p[at + 1 + after]) || scan_among(t.p[at + 1 + after], ".-")))
        after++;
    while (after && !scan_alnum(t.p[at + after])) after--; /* a sentence may end there */
    for (size_t i = 0; i < after; i++)
        if (t.p[at + 1 + i] == '.') dot = i;
    if (dot >= after) return 0;
    size_t top = after - dot - 1;
    for (size_t i = 0; i < top; i++)
        if (!scan_lower(scan_fold(t.p[at + 2 + dot + i]))) return 0;
    if (before == 0 || dot == 0 || top < 2 || top > 24) return 0;
    if (nobody(t.p + at + 1, after)) return 0;
    *n = before + 1 + after;
    return before;
}

/* ------------------------------------------------------------------ digits */

/* Up to `cap` digits from `at`, over single separators; *n the bytes they take. */
static size_t digits_at(pr_str t, size_t at, const char *separators, char *dst, size_t cap,
                        size_t *n) {
    size_t k = 0, i = at;
    while (i < t.n && k < cap) {
        if (scan_digit(t.p[i])) {
            dst[k++] = (char)(t.p[i++] - '0');
            *n = i - at;
        } else if (k && scan_among(t.p[i], separators) && scan_digit(at_or(t, i + 1, 0))) {
            i++;
        } else {
            break;
        }
    }
    return k;
}

static bool luhn(const char *d, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int v = d[n - 1 - i];
        if (i & 1) v = v * 2 > 9 ? v * 2 - 9 : v * 2;
        sum += v;
    }
    return sum % 10 == 0;
}

static bool same_digits(const char *d, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (d[i] != d[0]) return false;
    return true;
}

/* Issuers' ranges: Visa 4, Mastercard 51-55 and 2221-2720, American Express 34 37, Discover 6011
 * 65, JCB 35. */
static bool card_range(const char *d, size_t n) {
    int two = d[0] * 10 + d[1], four = two * 100 + d[2] * 10 + d[3];
    if (n == 15) return two == 34 || two == 37;
    if (n != 16) return false;
    return d[0] == 4 || (two >= 51 && two <= 55) || (four >= 2221 && four <= 2720) ||
           four == 6011 || two == 65 || two == 35;
}

static size_t card_at(pr_str t, size_t at) {
    char   d[20];
    size_t n = 0, k = digits_at(t, at, " -", d, 20, &n);
    if ((k != 15 && k != 16) || !card_range(d, k) || same_digits(d, k)) return 0;
    return luhn(d, k) && stands_alone(t, at, n) ? n : 0;
}

/* ------------------------------------------------------------------ IBAN */

static const char iban_lengths[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29CH21CR22CY28CZ24DE22DK18DO28EE20ES24FI18FO18FR27GB22"
    "GE22GI23GL18GR27GT28HR21HU28IE22IL23IS26IT27JO30KW30KZ20LB28LI21LT20LU20LV21MC27MD24ME22MK19"
    "MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SE24SI19SK24SM27TN24TR26UA29VA22XK20";

static size_t iban_length(char a, char b) {
    for (const char *p = iban_lengths; *p; p += 4)
        if (p[0] == a && p[1] == b) return (size_t)((p[2] - '0') * 10 + p[3] - '0');
    return 0;
}

static size_t iban_at(pr_str t, size_t at) {
    size_t want, k = 0, i = at;
    char   c[36];
    if (t.n - at < 15 || !scan_upper(t.p[at + 1]) || !scan_digit(t.p[at + 2])) return 0;
    if (!(want = iban_length(t.p[at], t.p[at + 1]))) return 0;
    while (i < t.n && k < want) {
        if (scan_digit(t.p[i]) || scan_upper(t.p[i])) c[k++] = t.p[i++];
        else if (t.p[i] == ' ' && k % 4 == 0) i++;
        else return 0;
    }
    if (k != want) return 0;
    uint32_t rest = 0;
    for (size_t m = 0; m < k; m++) {
        char x = c[(m + 4) % k];
        rest = scan_digit(x) ? (rest * 10 + (uint32_t)(x - '0')) % 97
                             : (rest * 100 + (uint32_t)(x - 'A' + 10)) % 97;
    }
    return rest == 1 && stands_alone(t, at, i - at) ? i - at : 0;
}

/* ------------------------------------------------------------------ telephone */

/* "+49 30 1234567": a country's number, 8 to 15 digits; or "(212) 555-0187". */
static size_t phone_at(pr_str t, size_t at) {
    char   d[20];
    size_t n = 0, k;
    if (t.p[at] == '+') {
        k = digits_at(t, at + 1, " -./", d, 16, &n);
        if (k < 8 || k > 15 || d[0] == 0 || same_digits(d, k)) return 0;
        char before = at ? t.p[at - 1] : ' ';
        if (is_word(before) || before == '+' || is_word(at_or(t, at + 1 + n, ' '))) return 0;
        for (size_t i = 0; i < n; i++) /* sums and versions have no spaces like these */
            if (t.p[at + 1 + i] == ' ' || t.p[at + 1 + i] == '-' || k >= 10) return n + 1;
        return 0;
    }
    if (t.n - at < 14 || t.p[at] != '(' || t.p[at + 4] != ')' || t.p[at + 9] != '-') return 0;
    static const char form[] = "(ddd) ddd-dddd";
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'd' ? !scan_digit(t.p[at + i]) : t.p[at + i] != form[i]) return 0;
    return t.p[at + 1] >= '2' && !scan_digit(at_or(t, at + 14, ' ')) ? 14 : 0;
}

/* ------------------------------------------------------------------ IP addresses */

static bool public_v4(const int o[4]) {
    if (o[0] == 0 || o[0] == 10 || o[0] == 127 || o[0] >= 224) return false;
    if (o[0] == 172 && o[1] >= 16 && o[1] < 32) return false;
    if ((o[0] == 192 && o[1] == 168) || (o[0] == 169 && o[1] == 254)) return false;
    if (o[0] == 100 && o[1] >= 64 && o[1] < 128) return false;
    if ((o[0] == 192 && o[1] == 0 && o[2] == 2) || (o[0] == 198 && o[1] == 51 && o[2] == 100) ||
        (o[0] == 203 && o[1] == 0 && o[2] == 113))
        return false; /* for documents (RFC 5737) */
    /* 1.2.3.4 and the like are numbers of versions far more often. */
    return o[0] > 9;
}

static size_t v4_at(pr_str t, size_t at) {
    int    o[4];
    size_t i = at;
    for (int k = 0; k < 4; k++) {
        size_t n = 0;
        int    v = 0;
        while (n < 4 && scan_digit(at_or(t, i + n, ' '))) v = v * 10 + t.p[i + n++] - '0';
        if (n == 0 || n > 3 || v > 255 || (n > 1 && t.p[i] == '0')) return 0;
        o[k] = v;
        i += n;
        if (k < 3 && at_or(t, i, ' ') != '.') return 0;
        if (k < 3) i++;
    }
    char after = at_or(t, i, ' ');
    if (at && (t.p[at - 1] == 'v' || t.p[at - 1] == '=')) return 0;
    if (after == '/' && scan_digit(at_or(t, i + 1, ' '))) return 0; /* a network */
    return public_v4(o) && stands_alone(t, at, i - at) ? i - at : 0;
}

/* ------------------------------------------------------------------ national numbers */

static uint64_t number_of(const char *d, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v = v * 10 + (uint64_t)d[i];
    return v;
}

/* Does the text have this form: d a digit, A an upper-case letter, else itself. */
static bool has_form(pr_str t, size_t at, const char *form) {
    size_t k = strlen(form);
    if (t.n - at < k) return false;
    for (size_t i = 0; i < k; i++) {
        char c = t.p[at + i];
        if (form[i] == 'd' ? !scan_digit(c) : form[i] == 'A' ? !scan_upper(c) : c != form[i])
            return false;
    }
    return true;
}

static bool us_ssn(pr_str t, size_t at) {
    char   d[9];
    size_t n;
    if (!has_form(t, at, "ddd-dd-dddd") || digits_at(t, at, "-", d, 9, &n) != 9) return false;
    uint64_t area = number_of(d, 3);
    return area && area != 666 && area < 900 && number_of(d + 3, 2) && number_of(d + 5, 4) &&
           number_of(d, 9) != 78051120; /* the wallet's */
}

static bool french_nir(pr_str t, size_t at) {
    char   d[15];
    size_t n = 0;
    if (digits_at(t, at, " ", d, 15, &n) != 15 || (d[0] != 1 && d[0] != 2)) return false;
    uint64_t month = number_of(d + 3, 2);
    return month >= 1 && month <= 12 && number_of(d + 13, 2) == 97 - number_of(d, 13) % 97;
}

static bool spanish_dni(pr_str t, size_t at) {
    static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
    char              d[8];
    size_t            n, first = scan_among(t.p[at], "XYZ") ? 1 : 0;
    if (!has_form(t, at, first ? "AdddddddA" : "ddddddddA")) return false;
    d[0] = first ? (char)(t.p[at] - 'X') : 0;
    digits_at(t, at + first, "", d + first, 8 - first, &n);
    return t.p[at + 8] == letters[number_of(d, 8) % 23];
}

static bool italian_code(pr_str t, size_t at) {
    static const int odd[] = {1,  0,  5,  7,  9,  13, 15, 17, 19, 21, 2,  4,  18,
                              20, 11, 3,  6,  8,  12, 14, 16, 10, 22, 25, 24, 23};
    int              sum = 0;
    if (!has_form(t, at, "AAAAAAddAddAdddA")) return false;
    for (int i = 0; i < 15; i++) {
        char c = t.p[at + (size_t)i];
        int  v = scan_digit(c) ? c - '0' : c - 'A';
        sum += i & 1 ? v : odd[v];
    }
    return t.p[at + 15] == 'A' + sum % 26;
}

static bool swiss_ahv(pr_str t, size_t at) {
    char   d[13];
    size_t n;
    int    sum = 0;
    if (!has_form(t, at, "756.dddd.dddd.dd")) return false;
    digits_at(t, at, ".", d, 13, &n);
    for (int i = 0; i < 12; i++) sum += d[i] * (i & 1 ? 3 : 1);
    return (10 - sum % 10) % 10 == d[12];
}

static bool brazilian_cpf(pr_str t, size_t at) {
    char   d[11];
    size_t n;
    if (!has_form(t, at, "ddd.ddd.ddd-dd")) return false;
    digits_at(t, at, ".-", d, 11, &n);
    for (int k = 9; k < 11; k++) {
        int sum = 0;
        for (int i = 0; i < k; i++) sum += d[i] * (k + 1 - i);
        if (sum * 10 % 11 % 10 != d[k]) return false;
    }
    return !same_digits(d, 11);
}

static bool polish_pesel(pr_str t, size_t at) {
    static const int weight[] = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
    char             d[11];
    size_t           n;
    int              sum = 0;
    /* Eleven digits are many things: only after its name. */
    if (at < 6 || !has_form(t, at, "ddddddddddd")) return false;
    size_t back = PR_MIN(at, (size_t)16);
    if (!memmem(t.p + at - back, back, "PESEL", 5)) return false;
    digits_at(t, at, "", d, 11, &n);
    for (int i = 0; i < 11; i++) sum += d[i] * weight[i];
    return sum % 10 == 0;
}

static bool british_nino(pr_str t, size_t at) {
    if (!has_form(t, at, "AA dd dd dd A")) return false;
    return !strchr("DFIQUV", t.p[at]) && !strchr("DFIOQUV", t.p[at + 1]) && t.p[at + 12] <= 'D';
}

typedef struct {
    const char *what;
    size_t      n; /* bytes of the form; 0: French, with or without spaces */
    bool (*holds)(pr_str t, size_t at);
} national;

static const national nationals[] = {
    {"a US social security number", 11, us_ssn},   {"a French NIR", 0, french_nir},
    {"a Spanish DNI or NIE", 9, spanish_dni},      {"an Italian codice fiscale", 16, italian_code},
    {"a Swiss AHV number", 16, swiss_ahv},         {"a Brazilian CPF", 14, brazilian_cpf},
    {"a Polish PESEL", 11, polish_pesel},          {"a British national insurance number", 13,
                                                    british_nino}};

static size_t national_at(pr_str t, size_t at, const char **what) {
    for (size_t i = 0; i < PR_COUNT(nationals); i++) {
        size_t n = nationals[i].n;
        char   d[15];
        if (!nationals[i].holds(t, at)) continue;
        if (!n) digits_at(t, at, " ", d, 15, &n);
        if (!stands_alone(t, at, n)) continue;
        *what = nationals[i].what;
        return n;
    }
    return 0;
}

/* ------------------------------------------------------------------ all */

/* The first and the last character, and how many lie between. */
static void tell(pr_match_fn fn, void *ctx, const char *rule, pr_str t, size_t at, size_t n,
                 const char *what) {
    char words[120];
    snprintf(words, sizeof words, "%s: %c… (%zu characters)", what,
             (unsigned char)t.p[at] > 32 && (unsigned char)t.p[at] < 127 ? t.p[at] : '?', n);
    fn(ctx, rule, at, n, words);
}

static size_t number_at(pr_str t, size_t at, pr_match_fn fn, void *ctx) {
    const char *what;
    size_t      n;
    if ((n = national_at(t, at, &what))) return tell(fn, ctx, "national-id", t, at, n, what), n;
    if (scan_upper(t.p[at]))
        return (n = iban_at(t, at)) ? (tell(fn, ctx, "iban", t, at, n, "an IBAN"), n) : 0;
    if ((n = card_at(t, at))) return tell(fn, ctx, "card", t, at, n, "a card number"), n;
    if ((n = v4_at(t, at))) return tell(fn, ctx, "ip", t, at, n, "a public IP address"), n;
    return 0;
}

void pr_people_find(pr_str t, pr_match_fn fn, void *ctx) {
    size_t end = 0; /* of the latest match: none begins before it */
    for (size_t at = 0; at < t.n; at++) {
        char   c = t.p[at];
        size_t n = 0, before;
        if (c == '@' && (before = mail_at(t, end, at, &n))) {
            tell(fn, ctx, "email", t, at - before, n, "an e-mail address");
            at += n - before - 1;
        } else if ((c == '+' || c == '(') && (n = phone_at(t, at))) {
            tell(fn, ctx, "phone", t, at, n, "a telephone number");
            at += n - 1;
        } else if ((scan_digit(c) || scan_upper(c)) && (at == 0 || !is_word(t.p[at - 1]))) {
            n = number_at(t, at, fn, ctx);
            at += n ? n - 1 : 0;
        }
        if (n) end = at + 1;
    }
}
