/* scan_host.c - addresses in text. Always true: a match has a scheme, "://" and a host; it ends
 * where an address ends in the languages that quote it. */
#include <stdio.h>
#include "scan_in.h"

static const char *const schemes[] = {"http", "https", "ws", "wss", "ftp", "ftps", "s3",
                                      "gs",   "git",   "ssh", "grpc", "tcp"};

static bool known_scheme(pr_str t, size_t end, size_t *n) {
    for (size_t i = 0; i < PR_COUNT(schemes); i++) {
        size_t k = strlen(schemes[i]);
        if (end < k || !scan_is(t.p + end - k, k, schemes[i])) continue;
        if (end > k && scan_alnum(t.p[end - k - 1])) continue;
        return *n = k, true;
    }
    return false;
}

static bool address_char(char c) {
    return c > ' ' && c != 127 && !scan_among(c, "\"'<>`\\{}|^[]()");
}

void pr_addresses_find(pr_str t, pr_match_fn fn, void *ctx) {
    char   what[200];
    size_t k;
    for (size_t at = 0; at + 3 < t.n; at++) {
        if (t.p[at] != ':' || t.p[at + 1] != '/' || t.p[at + 2] != '/') continue;
        if (!known_scheme(t, at, &k)) continue;
        size_t end = at + 3;
        while (end < t.n && end - at < 2000 && address_char(t.p[end])) end++;
        while (end > at + 3 && scan_among(t.p[end - 1], ".,;:!?")) end--;
        if (end == at + 3) continue;
        /* No more than the host: a path or a query may hold what should not be repeated. */
        size_t host = at + 3;
        for (size_t i = host; i < end && t.p[i] != '/'; i++)
            if (t.p[i] == '@') host = i + 1;
        size_t stop = host;
        while (stop < end && !scan_among(t.p[stop], "/?#")) stop++;
        int n = (int)PR_MIN(stop - host, (size_t)120);
        snprintf(what, sizeof what, "names %.*s://%.*s", (int)k, t.p + at - k, n, t.p + host);
        for (char *c = what; *c; c++)
            if ((unsigned char)*c < 32 || (unsigned char)*c > 126) *c = '?';
        fn(ctx, "address", at - k, end - at + k, what);
        at = end - 1;
    }
}
