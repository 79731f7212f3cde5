/* network.c - interfaces: what kind, up or not, how fast, metered where something says so, and
 * whether there is a way out. Sources: the kernel's ABI/testing/sysfs-class-net, proc(5), and
 * NetworkManager's keyfile format (connection.metered: 1 yes, 2 no). */
#include "sysfile.h"
#include <stdlib.h>

/* What NetworkManager's profile of this interface says. Profiles are for root's eyes on most
 * machines: then nothing is told. */
static int metered_by_profile(hw_tree *t, int64_t index) {
    static const char *const folders[] = {"etc/NetworkManager/system-connections",
                                          "run/NetworkManager/system-connections"};
    const char *device =
        index > 0 ? tree_textf(t, "run/NetworkManager/devices/%lld", (long long)index) : NULL;
    const char *uuid = device ? tree_field(t, device, "connection-uuid") : NULL;
    for (size_t i = 0; uuid && i < PR_COUNT(folders); i++) {
        const char **names;
        size_t n = tree_list(t, folders[i], &names);
        for (size_t k = 0; k < n && k < 256; k++) {
            const char *text = tree_textf(t, "%s/%s", folders[i], names[k]);
            const char *its = text ? tree_field(t, text, "uuid") : NULL;
            const char *says =
                its && strcmp(its, uuid) == 0 ? tree_field(t, text, "metered") : NULL;
            if (says) return strtol(says, NULL, 10) == 1 ? 1 : strtol(says, NULL, 10) == 2 ? 0 : -1;
        }
    }
    return -1;
}

static const char *kind_of(hw_tree *t, const char *base, const char *name) {
    const char *uevent = tree_textf(t, "%s/uevent", base);
    const char *type = uevent ? tree_field(t, uevent, "DEVTYPE") : NULL;
    if ((type && strcmp(type, "wlan") == 0) || tree_exists(t, "%s/wireless", base) ||
        tree_exists(t, "%s/phy80211", base))
        return "wifi";
    if ((type && strcmp(type, "wwan") == 0) || strncmp(name, "wwan", 4) == 0 ||
        strncmp(name, "rmnet", 5) == 0)
        return "cellular";
    if (type || tree_exists(t, "sys/devices/virtual/net/%s", name)) return "virtual";
    return "ethernet";
}

static pr_hw_net net_read(hw_tree *t, const char *base, const char *name, const char *state) {
    int64_t carrier = 0, speed = -1, index = 0;
    (void)tree_i64(t, &carrier, "%s/carrier", base);
    (void)tree_i64(t, &speed, "%s/speed", base);
    (void)tree_i64(t, &index, "%s/ifindex", base);
    pr_hw_net n = {.name = name, .kind = kind_of(t, base, name)};
    /* tunnels and some virtual interfaces say "unknown" all their life */
    n.is_up = strcmp(state, "up") == 0 || (strcmp(state, "unknown") == 0 && carrier == 1);
    n.is_wireless = strcmp(n.kind, "wifi") == 0 || strcmp(n.kind, "cellular") == 0;
    n.mbit_s = speed > 0 && speed <= 10000000 ? speed : -1;
    n.is_metered = metered_by_profile(t, index);
    /* who pays by the byte for a cellular link, unless the profile says otherwise */
    if (n.is_metered < 0 && strcmp(n.kind, "cellular") == 0) n.is_metered = 1;
    return n;
}

/* A route to everywhere: destination and mask zero, and up (flag 1). */
static int route_4(hw_tree *t) {
    const char *text = tree_text(t, "proc/net/route");
    if (!text) return -1;
    for (const char *p = strchr(text, '\n'); p; p = strchr(p, '\n')) {
        char *end = NULL;
        p++;
        const char *field = p + strcspn(p, "\t\n");
        if (*field != '\t') continue;
        unsigned long to = strtoul(field, &end, 16);
        (void)strtoul(end, &end, 16); /* gateway */
        if ((strtoul(end, &end, 16) & 1) == 0 || to != 0) continue;
        for (int skip = 0; skip < 3; skip++) (void)strtol(end, &end, 10); /* refcnt, use, metric */
        if (strtoul(end, NULL, 16) == 0) return 1;
    }
    return 0;
}

static int route_6(hw_tree *t) {
    const char *text = tree_text(t, "proc/net/ipv6_route");
    for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
        const char *line = tree_str(t, "%.*s", (int)strcspn(p, "\n"), p);
        const char *name = strrchr(line, ' ');
        if (strncmp(line, "00000000000000000000000000000000 00 ", 36) == 0 && name &&
            strcmp(name + 1, "lo") != 0)
            return 1;
    }
    return text ? 0 : -1;
}

void hw_read_nets(hw_tree *t, pr_hw *hw) {
    const char **names;
    size_t n = tree_list(t, "sys/class/net", &names);
    hw->is_offline = true;
    hw->is_metered = -1;
    hw->has_route = PR_MAX(route_4(t), route_6(t));
    if (n == 0 || !(hw->nets = tree_get(t, n, sizeof *hw->nets))) return;
    for (size_t i = 0; i < n; i++) {
        const char *base = tree_str(t, "sys/class/net/%s", names[i]);
        const char *state = tree_textf(t, "%s/operstate", base);
        if (!state || strcmp(names[i], "lo") == 0) continue;
        pr_hw_net net = net_read(t, base, names[i], state);
        hw->nets[hw->n_nets++] = net;
        if (!net.is_up) continue;
        hw->is_offline = false;
        hw->is_metered = PR_MAX(hw->is_metered, net.is_metered);
    }
}
