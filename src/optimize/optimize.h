/* optimize.h - the door of `optimize`: the main job. Its public face is include/pare/optimize.h;
 * rooms above have nothing else to ask for. */
#ifndef PR_OPTIMIZE_H
#define PR_OPTIMIZE_H
#include "pare/optimize.h"
#endif
