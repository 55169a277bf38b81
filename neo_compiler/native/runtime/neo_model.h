/* A compiled model as a shared library: the whole interface of compiled.so.
 *
 * Functions that return int give 0 on success and -1 on failure; neo_last_error() then tells what went
 * wrong, for the calling thread, until its next call. Nothing here allocates while a session runs.
 *
 * Threads: a model may be used by any number of threads; a session by one at a time. Sessions of one model
 * share its threads: while one of them uses these, the others compute on their callers' threads.
 * fork(): a child may go on using what it inherits, on the calling thread alone, if no session was running
 * when it was made. */
#ifndef NEO_MODEL_H
#define NEO_MODEL_H

#include <stdint.h>

#include "dlpack.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NEO_API __attribute__((visibility("default")))

/* Grows with every change that an existing caller could notice. */
#define NEO_ABI_VERSION 1

typedef struct neo_model neo_model;
typedef struct neo_session neo_session;

/* A size of -1 in `shape` is decided by each run: for inputs by neo_dimension_info's ranges. */
typedef struct {
  const char *name;
  DLDataType dtype;
  int32_t ndim;
  const int64_t *shape;
} neo_tensor_info;

/* A dimension whose size each run gives, from `low` to `high`: that of axis `axis` of input `input`. */
typedef struct {
  const char *name;
  int64_t low, high;
  int32_t input, axis;
} neo_dimension;

/* Bytes: `arena` and `io` once a session (`io` is touched only for buffers that are not 64-byte aligned),
 * `scratch` once a session and once a thread of the model's own, `params` once a machine. */
typedef struct {
  uint64_t arena;
  uint64_t params;
  uint64_t scratch;
  uint64_t io;
} neo_memory_info;

NEO_API uint32_t neo_abi_version(void);
NEO_API const char *neo_last_error(void);

NEO_API int32_t neo_input_count(void);
NEO_API int32_t neo_output_count(void);
NEO_API int neo_input_info(int32_t index, neo_tensor_info *info);
NEO_API int neo_output_info(int32_t index, neo_tensor_info *info);
NEO_API int32_t neo_dimension_count(void);
NEO_API int neo_dimension_info(int32_t index, neo_dimension *info);
/* For the largest sizes of all dimensions. */
NEO_API void neo_memory(neo_memory_info *info);

/* Maps the parameter file read-only and starts `threads` - 1 threads; 0: as many as this process may use
 * CPUs. A model without parameters takes NULL for the path. */
NEO_API int neo_model_open(const char *params_path, int32_t threads, neo_model **model);
NEO_API int32_t neo_model_threads(const neo_model *model);
/* Fails, and changes nothing, while a session is alive. NULL is accepted. */
NEO_API int neo_model_close(neo_model *model);

NEO_API int neo_session_create(neo_model *model, neo_session **session);
/* Fails, and changes nothing, while the session runs. NULL is accepted. */
NEO_API int neo_session_destroy(neo_session *session);

/* Reads `inputs` and writes `outputs`, in the order of neo_input_info and neo_output_info. Buffers are
 * compact CPU memory and do not overlap; those that are 64-byte aligned are used without a copy. */
NEO_API int neo_session_run(neo_session *session, const DLTensor *const *inputs, int32_t n_inputs,
                            const DLTensor *const *outputs, int32_t n_outputs);

/* The model's kernel calls in order. */
NEO_API int32_t neo_step_count(void);
NEO_API const char *neo_step_name(int32_t index);
/* neo_session_run that also stores the nanoseconds of each step; `n_steps` must be neo_step_count(). */
NEO_API int neo_session_profile(neo_session *session, const DLTensor *const *inputs, int32_t n_inputs,
                                const DLTensor *const *outputs, int32_t n_outputs,
                                uint64_t *nanoseconds, int32_t n_steps);

#ifdef __cplusplus
}
#endif

#endif
