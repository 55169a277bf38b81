/* The CUDA driver's own interface, found at run time: no library of CUDA is linked. */
#ifndef NEO_CUDA_DRIVER_H
#define NEO_CUDA_DRIVER_H

#include <stddef.h>
#include <stdint.h>

typedef int neo_cu_result;
typedef uint64_t neo_cu_address;
typedef int neo_cu_device;
typedef struct neo_cu_opaque *neo_cu_handle; /* contexts, modules, functions, streams, events, graphs */

/* member, symbol, parameters: what every driver since CUDA 9 has */
#define NEO_CU_NEEDED(F)                                                                                 \
  F(init, "cuInit", (unsigned flags))                                                                    \
  F(driver_version, "cuDriverGetVersion", (int *version))                                                \
  F(device_count, "cuDeviceGetCount", (int *count))                                                      \
  F(device_get, "cuDeviceGet", (neo_cu_device * device, int ordinal))                                    \
  F(device_name, "cuDeviceGetName", (char *name, int size, neo_cu_device device))                        \
  F(device_attribute, "cuDeviceGetAttribute", (int *value, int attribute, neo_cu_device device))         \
  F(context_retain, "cuDevicePrimaryCtxRetain", (neo_cu_handle * context, neo_cu_device device))         \
  F(context_release, "cuDevicePrimaryCtxRelease", (neo_cu_device device))                                \
  F(context_push, "cuCtxPushCurrent_v2", (neo_cu_handle context))                                        \
  F(context_pop, "cuCtxPopCurrent_v2", (neo_cu_handle * context))                                        \
  F(module_load, "cuModuleLoadDataEx",                                                                   \
    (neo_cu_handle * module, const void *image, unsigned n_options, int *options, void **values))        \
  F(module_unload, "cuModuleUnload", (neo_cu_handle module))                                             \
  F(module_function, "cuModuleGetFunction",                                                              \
    (neo_cu_handle * function, neo_cu_handle module, const char *name))                                  \
  F(memory_info, "cuMemGetInfo_v2", (size_t *free_bytes, size_t *total))                                 \
  F(alloc, "cuMemAlloc_v2", (neo_cu_address * address, size_t bytes))                                    \
  F(free, "cuMemFree_v2", (neo_cu_address address))                                                      \
  F(host_alloc, "cuMemHostAlloc", (void **memory, size_t bytes, unsigned flags))                         \
  F(host_free, "cuMemFreeHost", (void *memory))                                                          \
  F(upload_now, "cuMemcpyHtoD_v2", (neo_cu_address to, const void *from, size_t bytes))                  \
  F(upload, "cuMemcpyHtoDAsync_v2",                                                                      \
    (neo_cu_address to, const void *from, size_t bytes, neo_cu_handle stream))                           \
  F(download_now, "cuMemcpyDtoH_v2", (void *to, neo_cu_address from, size_t bytes))                      \
  F(download, "cuMemcpyDtoHAsync_v2", (void *to, neo_cu_address from, size_t bytes, neo_cu_handle stream)) \
  F(copy, "cuMemcpyDtoDAsync_v2",                                                                        \
    (neo_cu_address to, neo_cu_address from, size_t bytes, neo_cu_handle stream))                        \
  F(stream_create, "cuStreamCreate", (neo_cu_handle * stream, unsigned flags))                           \
  F(stream_destroy, "cuStreamDestroy_v2", (neo_cu_handle stream))                                        \
  F(stream_wait, "cuStreamSynchronize", (neo_cu_handle stream))                                          \
  F(event_create, "cuEventCreate", (neo_cu_handle * event, unsigned flags))                              \
  F(event_destroy, "cuEventDestroy_v2", (neo_cu_handle event))                                           \
  F(event_record, "cuEventRecord", (neo_cu_handle event, neo_cu_handle stream))                          \
  F(event_wait, "cuEventSynchronize", (neo_cu_handle event))                                             \
  F(event_elapsed, "cuEventElapsedTime", (float *milliseconds, neo_cu_handle from, neo_cu_handle to))    \
  F(launch, "cuLaunchKernel",                                                                            \
    (neo_cu_handle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,        \
     unsigned block_y, unsigned block_z, unsigned shared_bytes, neo_cu_handle stream, void **arguments,  \
     void **extra))                                                                                      \
  F(error_name, "cuGetErrorName", (neo_cu_result code, const char **name))                               \
  F(error_text, "cuGetErrorString", (neo_cu_result code, const char **text))

/* NULL where a driver has them not: graphs came with CUDA 10, were changed in 11, and again in 11.4. */
#define NEO_CU_GRAPHS(F)                                                                                 \
  F(capture_begin, "cuStreamBeginCapture_v2", (neo_cu_handle stream, int mode))                          \
  F(capture_end, "cuStreamEndCapture", (neo_cu_handle stream, neo_cu_handle *graph))                     \
  F(graph_instantiate, "cuGraphInstantiateWithFlags",                                                    \
    (neo_cu_handle * executable, neo_cu_handle graph, unsigned long long flags))                         \
  F(graph_instantiate_11, "cuGraphInstantiate_v2",                                                       \
    (neo_cu_handle * executable, neo_cu_handle graph, neo_cu_handle *node, char *log, size_t size))      \
  F(graph_instantiate_10, "cuGraphInstantiate",                                                          \
    (neo_cu_handle * executable, neo_cu_handle graph, neo_cu_handle *node, char *log, size_t size))      \
  F(graph_launch, "cuGraphLaunch", (neo_cu_handle executable, neo_cu_handle stream))                     \
  F(graph_destroy, "cuGraphDestroy", (neo_cu_handle graph))                                              \
  F(graph_release, "cuGraphExecDestroy", (neo_cu_handle executable))

#define NEO_CU_MEMBER(name, symbol, parameters) neo_cu_result(*name) parameters;
typedef struct {
  void *library;
  NEO_CU_NEEDED(NEO_CU_MEMBER)
  NEO_CU_GRAPHS(NEO_CU_MEMBER)
} neo_cu_driver;
#undef NEO_CU_MEMBER

enum {
  NEO_CU_OK = 0,
  NEO_CU_NO_MEMORY = 2,
  NEO_CU_DEINITIALIZED = 4,
  NEO_CU_NO_DEVICE = 100,
  NEO_CU_MAJOR = 75, /* attributes of a device: its compute capability */
  NEO_CU_MINOR = 76,
};

/* Filled by neo_cu_driver_open. */
extern neo_cu_driver neo_cu;

/* Finds the driver: NEO_CUDA_DRIVER, libcuda.so.1 or libcuda.so. Opens it once; the caller excludes others. */
int neo_cu_driver_open(void);
void neo_cu_driver_close(void);

/* 0 where `code` is; else the error "<what>: <the driver's words>". */
int neo_cu_check(neo_cu_result code, const char *what);

#endif
