/* pr_known_data.h - data/advisories.yaml, which the build made part of the library. Terminated;
 * the length does not count that. Constant. */
#ifndef PR_KNOWN_DATA_H
#define PR_KNOWN_DATA_H
#include <stddef.h>
extern const unsigned char pr_embed_advisories_yaml[];
extern const size_t pr_embed_advisories_yaml_len;
#endif
