/* measure.h - the door of `measure`: a run in, a record out. */
#ifndef PR_MEASURE_H
#define PR_MEASURE_H
#include "parity.h"
#include "parity_model.h"
#include "timing.h"
#include "eval.h"
#include "keys.h"
#include "metric.h"
#endif
