/* sensor.h - the energy sensors of a machine, found once, read by the meter (private). */
#ifndef PR_HW_SENSOR_H
#define PR_HW_SENSOR_H
#include "sysfile.h"

/* Ranks of hwmon chips of which several parts are counted together. */
enum {
    HWMON_SOCKETS = 0, /* one chip counts every socket, each on its own */
    HWMON_PACKAGE = 3  /* each chip is one package: as many chips as packages */
};

/* How its files become joules or watts. */
typedef enum {
    READ_UJ,    /* path: microjoules, counting up */
    READ_UW,    /* path: microwatts */
    READ_UA_UV, /* path × path2: microampere × microvolt */
    READ_MA_MV, /* path × path2: milliampere × millivolt */
} sensor_unit;

typedef struct {
    pr_hw_sensor pub;
    sensor_unit unit;
    const char *path2;  /* NULL, or the second factor */
    const char *status; /* a battery's: must say Discharging; else NULL */
    double range;       /* READ_UJ: microjoules after which it starts again; 0: never */
    int rank;           /* least first among hwmon; < 0: of a device, never counted */
    const char *chip;   /* the hwmon folder; "" for others */
} hw_sensor;

/* Every sensor below the root; count in *n. `why` of each says if it cannot be read. */
hw_sensor *sensors_find(hw_tree *t, size_t *n);
/* One reading: microjoules or watts by `unit`. False, with `why` (arena text) set. */
bool sensor_read(hw_tree *t, const hw_sensor *s, double *value, const char **why);
#endif
