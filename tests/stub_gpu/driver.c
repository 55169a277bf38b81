/* A CUDA driver without a GPU, for tests: the entry points that our runtime uses, with their rules checked.
 *
 * Work is done when somebody waits for it, not before: what the runtime reads too early it reads wrongly.
 * Device memory is filled with 0xff (NaN), its addresses are no addresses of the CPU, and kernels are executed
 * by the library that STUB_TRANSLATE makes of their PTX.
 *
 * STUB_LOG        file that gets a line a call, and a line `VIOLATION ...` for each broken rule
 * STUB_FAIL       "cuMemAlloc_v2:3:2,..." the third call of cuMemAlloc_v2 gives error 2
 * STUB_TRANSLATE  command that gets two paths, of PTX and of the library to make; none: kernels do nothing
 * STUB_KERNELS    folder for these
 * STUB_VERSION, STUB_CAPABILITY, STUB_DEVICES, STUB_MEMORY, STUB_ORDER   12040, 90, 1, 1 << 40, 0 */
/* One unit, since what the parts share is static; each builds on those before it. */
#include "driver/state.h"

#include "driver/contexts.h"
#include "driver/memory.h"
#include "driver/queue.h"
#include "driver/copies.h"
#include "driver/modules.h"
#include "driver/streams.h"
#include "driver/launches.h"
#include "driver/graphs.h"
#include "driver/borrowed.h"
