// Answers doppel_arena with an address that is not 8-aligned, or with one outside its memory for large runs.
#include "doppel/platform.hpp"

DOPPEL_EXPORT("doppel_abi_version") int32_t doppel_abi_version() { return 1; }
DOPPEL_EXPORT("doppel_arena") uint32_t doppel_arena(uint32_t size) { return size > 1000 ? 0xfffffff8 : 1025; }
DOPPEL_EXPORT("doppel_run") uint32_t doppel_run(uint32_t, uint32_t) { return 0; }
