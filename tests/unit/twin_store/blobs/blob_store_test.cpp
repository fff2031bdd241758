#include "twin_store/blobs/blob_store.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/faulty_disk.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

class BlobStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("doppel-blobs-" + std::to_string(::getpid()));
    std::filesystem::remove_all(root_);
    disk_ = std::move(open_system_disk(root_.string())).value();
    blobs_ = std::move(BlobStore::open(*disk_, "blobs")).value();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void overwrite(const std::string& name, const std::string& bytes) {
    std::ofstream(root_ / "blobs" / name, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::filesystem::path root_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<BlobStore> blobs_;
};

// Refuses to sync, as a failing medium does.
class FileThatCannotSync final : public DiskFile {
 public:
  explicit FileThatCannotSync(std::unique_ptr<DiskFile> file) : file_(std::move(file)) {}
  Result<void> write_at(std::uint64_t offset, std::string_view bytes) override { return file_->write_at(offset, bytes); }
  Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) const override {
    return file_->read_at(offset, into, size);
  }
  Result<void> sync() override { return unavailable("sync: Input/output error"); }
  Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
  Result<void> allocate(std::uint64_t size) override { return file_->allocate(size); }
  Result<std::uint64_t> size() const override { return file_->size(); }

 private:
  std::unique_ptr<DiskFile> file_;
};

class DiskThatCannotSync final : public Disk {
 public:
  explicit DiskThatCannotSync(Disk& disk) : disk_(disk) {}
  Result<std::unique_ptr<DiskFile>> open(const std::string& name, Mode mode) override {
    auto file = disk_.open(name, mode);
    if (!file) return file.error();
    return std::unique_ptr<DiskFile>(std::make_unique<FileThatCannotSync>(std::move(file).value()));
  }
  Result<std::vector<std::string>> list(const std::string& folder) override { return disk_.list(folder); }
  Result<void> make_folder(const std::string& folder) override { return disk_.make_folder(folder); }
  Result<void> rename(const std::string& from, const std::string& to) override { return disk_.rename(from, to); }
  Result<void> remove(const std::string& name) override { return disk_.remove(name); }
  Result<void> sync_folder(const std::string& folder) override { return disk_.sync_folder(folder); }
  Result<std::unique_ptr<DiskLock>> lock(const std::string& name) override { return disk_.lock(name); }

 private:
  Disk& disk_;
};

TEST_F(BlobStoreTest, What_was_put_is_had_under_its_hash) {
  const std::string bytes("\0module", 7);
  const auto hash = blobs_->put(bytes);
  ASSERT_TRUE(hash) << hash.error().message;
  EXPECT_EQ(*hash, sha256_hex(bytes));
  EXPECT_EQ(*blobs_->get(*hash), bytes);
  EXPECT_EQ(*blobs_->list(), std::vector<std::string>{*hash});
}

TEST_F(BlobStoreTest, What_was_put_is_there_after_a_restart) {
  const auto hash = blobs_->put("module");
  blobs_ = std::move(BlobStore::open(*disk_, "blobs")).value();
  EXPECT_EQ(*blobs_->get(*hash), "module");
}

TEST_F(BlobStoreTest, An_empty_blob_and_the_same_blob_twice_are_fine) {
  EXPECT_EQ(*blobs_->get(*blobs_->put("")), "");
  EXPECT_EQ(*blobs_->put("again"), *blobs_->put("again"));
  EXPECT_EQ(blobs_->list()->size(), 2u);
}

TEST_F(BlobStoreTest, A_blob_that_is_not_there_is_not_found) {
  EXPECT_EQ(blobs_->get(std::string(64, '0')).error().code, ErrorCode::not_found);
}

TEST_F(BlobStoreTest, A_name_that_is_no_hash_never_reaches_the_disk) {
  for (const std::string& name : {std::string("../../etc/passwd"), std::string(), std::string(64, 'A'), std::string(63, 'a')}) {
    EXPECT_EQ(blobs_->get(name).error().code, ErrorCode::invalid_input) << name;
    EXPECT_EQ(blobs_->remove(name).error().code, ErrorCode::invalid_input) << name;
  }
}

TEST_F(BlobStoreTest, A_damaged_blob_is_named_and_mended_by_putting_it_again) {
  const auto hash = blobs_->put("module");
  overwrite(*hash, "modulo");
  const auto damaged = blobs_->get(*hash);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::corrupt_data);
  EXPECT_NE(damaged.error().message.find(*hash), std::string::npos);
  EXPECT_EQ(*blobs_->put("module"), *hash);
  EXPECT_EQ(*blobs_->get(*hash), "module");
}

TEST_F(BlobStoreTest, What_an_interrupted_put_left_is_removed_at_opening) {
  overwrite("new-0-" + std::string(64, 'a'), "half");
  blobs_ = std::move(BlobStore::open(*disk_, "blobs")).value();
  EXPECT_TRUE(std::filesystem::is_empty(root_ / "blobs"));
}

TEST(BlobStoreOnAFailingDisk, A_blob_whose_put_was_interrupted_is_not_lost_once_it_was_found) {
  FaultyDisk disk;
  const std::string hash = sha256_hex("module");
  ASSERT_TRUE(disk.make_folder("blobs"));
  {
    const auto file = disk.open("blobs/" + hash, Disk::Mode::create_new);
    ASSERT_TRUE((*file)->write_at(0, "module"));
    ASSERT_TRUE((*file)->sync());
  }
  ASSERT_TRUE((*BlobStore::open(disk, "blobs"))->get(hash));
  disk.cut_power();
  EXPECT_TRUE((*BlobStore::open(disk, "blobs"))->get(hash));
}

TEST_F(BlobStoreTest, A_put_that_cannot_sync_fails_and_leaves_no_blob) {
  DiskThatCannotSync failing(*disk_);
  const auto blobs = BlobStore::open(failing, "blobs");
  const auto hash = (*blobs)->put("module");
  ASSERT_FALSE(hash);
  EXPECT_EQ(hash.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(std::filesystem::is_empty(root_ / "blobs"));
}

TEST_F(BlobStoreTest, A_removed_blob_is_gone) {
  const auto hash = blobs_->put("module");
  EXPECT_TRUE(blobs_->remove(*hash));
  EXPECT_EQ(blobs_->get(*hash).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace doppel
