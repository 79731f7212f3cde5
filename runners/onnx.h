/* onnx.h - ONNX Runtime's table of functions: one pointer after the other, in an order that only
 * ever grows at its end. We take from it by number. */
#ifndef PARE_HELPER_ONNX_H
#define PARE_HELPER_ONNX_H
#include "helper.h"

/* Numbers in OrtApi; 0 … 101 are version 1's, which its authors keep by an assertion of their
 * own, and AddSessionConfigEntry came with version 5. */
enum {
    ORT_GetErrorMessage = 2,
    ORT_CreateEnv = 3,
    ORT_DisableTelemetryEvents = 6,
    ORT_CreateSession = 7,
    ORT_CreateSessionFromArray = 8,
    ORT_Run = 9,
    ORT_CreateSessionOptions = 10,
    ORT_SetIntraOpNumThreads = 24,
    ORT_SessionGetInputCount = 30,
    ORT_SessionGetOutputCount = 31,
    ORT_SessionGetInputTypeInfo = 33,
    ORT_SessionGetOutputTypeInfo = 34,
    ORT_SessionGetInputName = 36,
    ORT_SessionGetOutputName = 37,
    ORT_CreateTensorAsOrtValue = 48,
    ORT_CreateTensorWithDataAsOrtValue = 49,
    ORT_GetTensorMutableData = 51,
    ORT_CastTypeInfoToTensorInfo = 55,
    ORT_GetTensorElementType = 60,
    ORT_GetDimensionsCount = 61,
    ORT_GetDimensions = 62,
    ORT_GetTensorTypeAndShape = 65,
    ORT_CreateCpuMemoryInfo = 69,
    ORT_AllocatorFree = 76,
    ORT_GetAllocatorWithDefaultOptions = 78,
    ORT_ReleaseStatus = 93,
    ORT_ReleaseSession = 95,
    ORT_ReleaseValue = 96,
    ORT_ReleaseTypeInfo = 98,
    ORT_ReleaseTensorTypeAndShapeInfo = 99,
    ORT_ReleaseSessionOptions = 100,
    ORT_GetAvailableProviders = 125,
    ORT_ReleaseAvailableProviders = 126,
    ORT_AddSessionConfigEntry = 130,
    ORT_API_VERSION = 17
};

/* Load libonnxruntime (globally: GenAI takes the one that is loaded); `near` as in library. */
bool ort_load(about *a, const char *near);
/* x + x through a session: does the table stand where we think? */
bool ort_check(void);
#endif
