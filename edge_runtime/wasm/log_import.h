// `doppel.log`, the only import a function may have. Private to this room.
#pragma once

#include <cstddef>
#include <vector>

#include "functions/abi/run.h"

struct wasmtime_linker;

namespace doppel::wasm {

inline constexpr std::size_t kMaxLogLines = 100;      // of one run; what is more is dropped
inline constexpr std::size_t kMaxLogLineBytes = 1024;  // longer lines are cut

inline constexpr std::string_view kImportModule = "doppel";
inline constexpr std::string_view kImportLog = "log";

// Lines go to the `std::vector<LogLine>` that is the data of the store.
void define_log_import(wasmtime_linker* linker);

}  // namespace doppel::wasm
