/* stranger.c - the smallest program that uses an installed libpare. */
#include <pare/err.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    pare_err err = {PARE_EINPUT, 7, "model.gguf", "found X, expected Y"};
    char     line[256];
    pare_err_format(&err, line, sizeof line);
    if (strcmp(line, "model.gguf: byte 7: found X, expected Y") == 0) return 0;
    printf("%s\n", line);
    return 1;
}
