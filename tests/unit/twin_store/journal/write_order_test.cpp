// Rule 1: an append returns only when every byte before it is written. Over a disk that holds one write up.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/unit/twin_store/journal/journal_on_disk.h"

namespace doppel {
namespace {

// Holds up the next write after cork(), and no other.
class CorkedDisk final : public Disk {
 public:
  void cork() {
    const std::lock_guard lock(mutex_);
    is_armed_ = true;
  }
  void wait_until_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_held_; });
  }
  void uncork() {
    const std::lock_guard lock(mutex_);
    is_held_ = false;
    changed_.notify_all();
  }

  Result<std::unique_ptr<DiskFile>> open(const std::string& name, Mode mode) override {
    auto file = disk.open(name, mode);
    if (!file) return file;
    return std::unique_ptr<DiskFile>(std::make_unique<File>(*this, std::move(*file)));
  }
  Result<std::vector<std::string>> list(const std::string& folder) override { return disk.list(folder); }
  Result<void> make_folder(const std::string& folder) override { return disk.make_folder(folder); }
  Result<void> rename(const std::string& from, const std::string& to) override { return disk.rename(from, to); }
  Result<void> remove(const std::string& name) override { return disk.remove(name); }
  Result<void> sync_folder(const std::string& folder) override { return disk.sync_folder(folder); }
  Result<std::unique_ptr<DiskLock>> lock(const std::string& name) override { return disk.lock(name); }

  FaultyDisk disk;

 private:
  class File final : public DiskFile {
   public:
    File(CorkedDisk& disk, std::unique_ptr<DiskFile> file) : disk_(disk), file_(std::move(file)) {}
    Result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
      disk_.hold_up();
      return file_->write_at(offset, bytes);
    }
    Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) const override { return file_->read_at(offset, into, size); }
    Result<void> sync() override { return file_->sync(); }
    Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
    Result<void> allocate(std::uint64_t size) override { return file_->allocate(size); }
    Result<std::uint64_t> size() const override { return file_->size(); }

   private:
    CorkedDisk& disk_;
    std::unique_ptr<DiskFile> file_;
  };

  void hold_up() {
    std::unique_lock lock(mutex_);
    if (!std::exchange(is_armed_, false)) return;
    is_held_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !is_held_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_armed_ = false, is_held_ = false;
};

TEST(Journal, Rule1_an_append_returns_only_when_every_byte_before_it_is_written) {
  CorkedDisk disk;
  JournalOnDisk on;
  auto opened = open_journal(disk, JournalOnDisk::kFolder, on.clock, on.options);
  ASSERT_TRUE(opened) << opened.error().message;
  on.journal = std::move(opened->journal);
  on.append("first");
  const auto is_written = [&](const std::string& payload) { return disk.disk.content(on.segment(1)).find(payload) != std::string::npos; };
  const Position before = on.journal->last();

  disk.cork();
  std::jthread slow([&] { on.append("the slow one"); });
  disk.wait_until_held();
  std::atomic<bool> begins{false};
  std::jthread fast([&] {
    begins = true;
    begins.notify_one();
    on.append("the fast one");
    EXPECT_TRUE(is_written("the slow one")) << "it came back before what lies in front of it was written";
  });
  begins.wait(false);
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // time in which it could come back too early
  EXPECT_EQ(on.journal->last(), before) << "what is not written is not published";
  EXPECT_FALSE(is_written("the slow one"));
  disk.uncork();
  slow.join(), fast.join();
  EXPECT_TRUE(is_written("the fast one"));
  EXPECT_EQ(on.messages(), (std::vector<std::string>{"first", "the slow one", "the fast one"}));
  on.journal.reset();
}

}  // namespace
}  // namespace doppel
