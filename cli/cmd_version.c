/* cmd_version.c - "pare version": which pare this is. */
#include "cli.h"

static int run(cli *c) {
    if (!c->json) {
        out_puts("pare " PARE_VERSION "\n");
        return 0;
    }
    json *j = json_new();
    json_open(j, NULL, '{');
    json_str(j, "version", PARE_VERSION);
    json_close(j);
    return json_print(j);
}

const command cmd_version = {
    .name = "version",
    .help = "say which pare this is",
    .synopsis = "",
    .run = run,
};
