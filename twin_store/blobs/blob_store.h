// Bytes kept under their own SHA-256: function modules and the like. What a record names is on disk before the record is.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/model/disk.h"
#include "twin_store/model/result.h"

namespace doppel {

inline constexpr std::uint64_t kMaxBlobBytes = 64u << 20;

// 64 lower-case hex digits: a name that is safe as a file name.
bool is_sha256(std::string_view text);

// One file a blob, FOLDER/<sha256>. Thread: any, also several at once.
class BlobStore {
 public:
  // Makes the folder, and removes what an interrupted put left behind. Borrows `disk`.
  static Result<std::unique_ptr<BlobStore>> open(Disk& disk, std::string folder);

  // Returns the hash once the bytes and their name are on the medium. Errors: limit_exceeded, unavailable.
  Result<std::string> put(std::string_view bytes);
  // Errors: not_found, corrupt_data when the bytes are no longer those of their name.
  Result<std::string> get(const std::string& sha256) const;
  Result<std::vector<std::string>> list() const;
  Result<void> remove(const std::string& sha256);

 private:
  BlobStore(Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  Result<void> write_new(const std::string& name, std::string_view bytes);

  Disk& disk_;
  std::string folder_;
  std::atomic<std::uint64_t> next_temporary_{0};
};

}  // namespace doppel
