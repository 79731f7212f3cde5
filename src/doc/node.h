/* node.h - the one place that says what a pare_doc is: a jansson value seen
 * through another name, so that no other room meets jansson. */
#ifndef PR_DOC_NODE_H
#define PR_DOC_NODE_H
#include "doc/doc.h"
#include <jansson.h>

/* jansson's walking functions take json_t without const though they only read. */
static inline json_t *node_json(const pare_doc *v) { return (json_t *)(uintptr_t)v; }
static inline pare_doc *node_doc(const json_t *j) { return (pare_doc *)(uintptr_t)j; }
#endif
