// Says that it speaks another version of the ABI.
#include "doppel/platform.hpp"

DOPPEL_EXPORT("doppel_abi_version") int32_t doppel_abi_version() { return 2; }
DOPPEL_EXPORT("doppel_arena") uint32_t doppel_arena(uint32_t) { return 0; }
DOPPEL_EXPORT("doppel_run") uint32_t doppel_run(uint32_t, uint32_t) { return 0; }
