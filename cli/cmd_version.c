/* cmd_version.c - "pare version": which pare this is. */
#include "cli.h"

static int run(cli *c) {
    if (!c->json) {
        out_puts("pare " PARE_VERSION "\n");
        return 0;
    }
    json *j = js_new();
    js_open(j, NULL, '{');
    js_str(j, "version", PARE_VERSION);
    js_close(j);
    return js_print(j);
}

const command cmd_version = {
    .name = "version",
    .help = "say which pare this is",
    .synopsis = "",
    .run = run,
};
