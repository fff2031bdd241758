// Imports what nobody grants, lacks doppel_arena, and exports doppel_run with another type and a reserved name.
#include "doppel/platform.hpp"

extern "C" __attribute__((import_module("env"), import_name("now"))) int64_t now();
extern "C" __attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write")))
int32_t fd_write(int32_t, int32_t, int32_t, int32_t);

DOPPEL_EXPORT("doppel_abi_version") int32_t doppel_abi_version() { return 1; }
DOPPEL_EXPORT("doppel_run") int64_t doppel_run(uint32_t) { return now() + fd_write(1, 0, 0, 0); }
DOPPEL_EXPORT("doppel_secret") void doppel_secret() {}
