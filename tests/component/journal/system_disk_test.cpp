#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/component/journal/temporary_folder.h"
#include "twin_store/model/disk.h"

namespace doppel {
namespace {

class SystemDisk : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::unique_ptr<Disk> disk_ = std::move(*open_system_disk(folder_.path() + "/data"));
};

TEST_F(SystemDisk, reads_back_what_was_written_and_stops_at_the_end) {
  auto file = disk_->open("f", Disk::Mode::create_new);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE((*file)->write_at(10, "hello"));
  ASSERT_TRUE((*file)->sync());
  std::string bytes(100, '?');
  const auto read = (*file)->read_at(8, bytes.data(), bytes.size());
  ASSERT_TRUE(read);
  EXPECT_EQ(bytes.substr(0, *read), std::string("\0\0hello", 7));
  EXPECT_EQ(*(*file)->size(), 15u);
  EXPECT_EQ(*(*file)->read_at(15, bytes.data(), 1), 0u);
}

TEST_F(SystemDisk, allocating_gives_zeros_and_never_takes_away) {
  auto file = disk_->open("f", Disk::Mode::open_or_create);
  ASSERT_TRUE((*file)->write_at(0, "abc"));
  ASSERT_TRUE((*file)->allocate(4096));
  EXPECT_EQ(*(*file)->size(), 4096u);
  ASSERT_TRUE((*file)->allocate(2));
  EXPECT_EQ(*(*file)->size(), 4096u);
  char bytes[4];
  ASSERT_TRUE((*file)->read_at(0, bytes, sizeof bytes));
  EXPECT_EQ(std::string_view(bytes, 4), std::string_view("abc\0", 4));
  ASSERT_TRUE((*file)->truncate(1));
  EXPECT_EQ(*(*file)->size(), 1u);
}

TEST_F(SystemDisk, folders_list_their_names_in_order_and_an_absent_one_is_empty) {
  ASSERT_TRUE(disk_->make_folder("a/b"));
  ASSERT_TRUE(disk_->make_folder("a/b"));
  for (const auto* name : {"a/b/2", "a/b/1", "a/b/3"}) ASSERT_TRUE(disk_->open(name, Disk::Mode::create_new));
  ASSERT_TRUE(disk_->rename("a/b/3", "a/b/0"));
  ASSERT_TRUE(disk_->remove("a/b/2"));
  ASSERT_TRUE(disk_->sync_folder("a/b"));
  EXPECT_EQ(*disk_->list("a/b"), (std::vector<std::string>{"0", "1"}));
  EXPECT_TRUE(disk_->list("absent")->empty());
}

TEST_F(SystemDisk, errors_name_the_file_and_the_cause) {
  const auto absent = disk_->open("absent", Disk::Mode::open_existing);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
  EXPECT_EQ(absent.error().message, folder_.path() + "/data/absent: open: No such file or directory (errno 2)");
  ASSERT_TRUE(disk_->open("there", Disk::Mode::create_new));
  EXPECT_EQ(disk_->open("there", Disk::Mode::create_new).error().code, ErrorCode::conflict);
  EXPECT_EQ(disk_->remove("absent").error().code, ErrorCode::not_found);
}

TEST_F(SystemDisk, a_full_disk_is_an_error_and_no_signal) {
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);  // the limit on file size stands in for a full disk
    const rlimit limit{4096, 4096};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(1);
    auto file = disk_->open("f", Disk::Mode::create_new);
    if ((*file)->allocate(8192)) ::_exit(2);
    const auto written = (*file)->write_at(0, std::string(8192, 'x'));
    if (written) ::_exit(3);
    ::_exit(written.error().message.find("/data/f: write of 8192 bytes at 0: File too large (errno 27)") == std::string::npos ? 4 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(SystemDisk, a_lock_keeps_others_out_names_the_holder_and_ends_with_it) {
  {
    const auto lock = disk_->lock("LOCK");
    ASSERT_TRUE(lock) << lock.error().message;
    const auto second = disk_->lock("LOCK");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::conflict);
    EXPECT_EQ(second.error().message, folder_.path() + "/data/LOCK is held by process " + std::to_string(::getpid()) +
                                         ", which runs on this folder already");
  }
  EXPECT_TRUE(disk_->lock("LOCK"));
}

TEST(BootId, is_the_systems_own) {
  EXPECT_EQ(boot_id().size(), 36u);
  EXPECT_EQ(boot_id(), boot_id());
}

}  // namespace
}  // namespace doppel
