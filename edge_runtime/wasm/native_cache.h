// A private folder of native code, one file a module, made by the compile helper. Private to this room.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/model/result.h"

namespace doppel::wasm {

// Native code is run as it is: so the folder must be the user's own and closed to all others (0700), and a file gets its name
// by rename once it is whole and synced. Beyond `budget_bytes` the files unused for longest are removed, but never the newest.
// Thread: any.
class NativeCache {
 public:
  // `compiler` is the command that becomes the helper, without its three arguments.
  NativeCache(std::string folder, std::vector<std::string> compiler, std::uint64_t budget_bytes)
      : folder_(std::move(folder)), compiler_(std::move(compiler)), budget_bytes_(budget_bytes) {}

  // Makes the folder. Errors: unavailable (cannot be made, or others may write to it).
  Result<void> open();

  // Where the code of this key is, or will be. A key is 64 hex digits.
  std::string path(const std::string& key) const { return folder_ + "/" + key + ".cwasm"; }
  // True when it is there; marks it as used now.
  bool contains(const std::string& key) const;
  void remove(const std::string& key) const;
  // Compiles in a helper process. Errors: invalid_input with what the compiler said, unavailable.
  Result<void> compile(const std::string& key, std::string_view wasm, std::string_view plan);

 private:
  void remove_unused(const std::string& newest);

  std::string folder_;
  std::vector<std::string> compiler_;
  std::uint64_t budget_bytes_;
  std::atomic<std::uint64_t> next_temporary_{0};
};

}  // namespace doppel::wasm
