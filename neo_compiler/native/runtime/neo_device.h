/* What the library of a model for a GPU has beyond neo_model.h: tensors that stay on the device.
 *
 * neo_session_run takes and gives tensors of that device as well as those of CPU memory, any mixture of them;
 * those that are 64-byte aligned are used where they are. It returns when the outputs are complete. What
 * another stream still writes to an input it does not wait for: order that work before neo_session_stream. */
#ifndef NEO_DEVICE_H
#define NEO_DEVICE_H

#include "neo_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The device that the model runs on, as DLPack names it. */
NEO_API int neo_model_device(const neo_model *model, DLDevice *device);

/* Memory of the device, aligned to 256 bytes; all of it has to be freed before neo_model_close. */
NEO_API int neo_device_allocate(neo_model *model, uint64_t bytes, void **memory);
NEO_API int neo_device_free(neo_model *model, void *memory);

/* Copies from the device to CPU memory and returns when the copy is complete. */
NEO_API int neo_device_read(neo_model *model, void *to, const void *from, uint64_t bytes);

/* The stream (CUstream) that a session's work is ordered on; it lives as long as the session. */
NEO_API int neo_session_stream(neo_session *session, void **stream);

#ifdef __cplusplus
}
#endif

#endif
