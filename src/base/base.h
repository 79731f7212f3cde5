/* base.h - the door of the ground floor: errors, memory, files, numbers,
 * threads, time. Depends on nobody. The parts are private headers of this
 * room; everybody else includes this one. */
#ifndef PR_BASE_H
#define PR_BASE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "pare/ctl.h"
#include "pare/err.h"
#include "compiler.h"
#include "fail.h"
#include "mem.h"
#include "buf.h"
#include "num.h"
#include "file.h"
#include "hash.h"
#include "pool.h"
#include "rng.h"
#include "clock.h"
#include "exact.h"
#endif
