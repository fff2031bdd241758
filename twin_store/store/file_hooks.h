// What SQLite does to its files, seen and if need be refused: byte counts for the metrics, failing disks for the tests.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace doppel {

// Thread: the one that uses the store, and SQLite's own checkpoints on it.
class FileHooks {
 public:
  enum class Verdict { go_on, disk_full, io_error };

  virtual ~FileHooks() = default;
  virtual Verdict before_write(std::string_view path, std::int64_t offset, std::string_view bytes) = 0;
  virtual Verdict before_sync(std::string_view path) = 0;
};

// Counts and lets everything through.
class CountingHooks final : public FileHooks {
 public:
  Verdict before_write(std::string_view, std::int64_t, std::string_view bytes) override {
    written_.fetch_add(bytes.size(), std::memory_order_relaxed);
    return Verdict::go_on;
  }
  Verdict before_sync(std::string_view) override {
    syncs_.fetch_add(1, std::memory_order_relaxed);
    return Verdict::go_on;
  }
  std::uint64_t bytes_written() const { return written_.load(std::memory_order_relaxed); }
  std::uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> written_{0}, syncs_{0};
};

}  // namespace doppel
