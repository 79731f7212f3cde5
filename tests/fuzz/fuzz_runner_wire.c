/* fuzz_runner_wire.c - any bytes as the answer of a runner's child, read as each kind of
 * answer: refused with a message, or every value inside its bounds and every text terminated. */
#include "runner/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void said_why(const pare_err *e) {
    if (!e->msg[0] || strlen(e->msg) >= sizeof e->msg) __builtin_trap();
}

static void plain(const char *s, size_t cap) {
    if (strnlen(s, cap) == cap) __builtin_trap();
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7F) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_str         line = {(const char *)p, n};
    pr_runner_info info;
    pr_wire_opened open;
    uint64_t       prompt = 0, ns[3] = {0};
    pare_err       e = {0};
    if (pr_wire_hello(line, "x", &info, &e) != PARE_OK) said_why(&e);
    if (info.verified && !info.found) __builtin_trap();
    plain(info.path, sizeof info.path);
    plain(info.version, sizeof info.version);
    plain(info.devices, sizeof info.devices);
    plain(info.reason, sizeof info.reason);
    e = (pare_err){0};
    if (pr_wire_model(line, "x", &open, &e) != PARE_OK) said_why(&e);
    else if (open.n_vocab < 1 || open.n_vocab > PR_WIRE_VOCAB || open.n_ctx < 1) __builtin_trap();
    plain(open.arithmetic, sizeof open.arithmetic);
    e = (pare_err){0};
    if (pr_wire_time(line, "x", 3, &prompt, ns, &e) != PARE_OK) said_why(&e);
    e = (pare_err){0};
    if (pr_wire_eval(line, "x", 2, 7, &e) != PARE_OK) said_why(&e);
    e = (pare_err){0};
    if (pr_wire_done(line, "x", &e) != PARE_OK) said_why(&e);
    return 0;
}
