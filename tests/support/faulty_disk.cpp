#include "tests/support/faulty_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <system_error>
#include <utility>

namespace doppel {
namespace {

constexpr std::size_t kPage = 4096;

Error error_of(const std::string& name, const std::string& what, int number) {
  std::string message = name + ": " + what + ": " + std::generic_category().message(number) + " (errno " + std::to_string(number) + ")";
  if (number == ENOENT) return not_found(std::move(message));
  if (number == EEXIST) return conflict(std::move(message));
  return unavailable(std::move(message));
}

bool is_in(const std::string& name, const std::string& folder) {
  const auto slash = name.rfind('/');
  return (slash == std::string::npos ? std::string() : name.substr(0, slash)) == folder;
}

std::string folder_of(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

// Some pages of `now` over those of `synced`.
std::string mixed(const std::string& synced, const std::string& now, std::mt19937_64& random) {
  std::string bytes = synced;
  bytes.resize(random() % 2 ? now.size() : synced.size());
  for (std::size_t at = 0; at < std::min(bytes.size(), now.size()); at += kPage) {
    if (random() % 2) std::memcpy(bytes.data() + at, now.data() + at, std::min(kPage, std::min(bytes.size(), now.size()) - at));
  }
  return bytes;
}

}  // namespace

class FaultyFile final : public DiskFile {
 public:
  FaultyFile(FaultyDisk& disk, std::string name, std::shared_ptr<FaultyDisk::File> file)
      : disk_(disk), name_(std::move(name)), file_(std::move(file)), life_(disk.life_) {}

  Result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    auto counted = count("write");
    if (life_ == disk_.life_) disk_.write(file_, offset, counted ? bytes : bytes.substr(0, bytes.size() / 2));
    return counted;
  }
  Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) const override {
    const std::lock_guard lock(disk_.mutex_);
    if (auto counted = count("read"); !counted) return counted.error();
    if (offset >= file_->now.size()) return std::size_t{0};
    const auto read = std::min<std::size_t>(size, file_->now.size() - offset);
    std::memcpy(into, file_->now.data() + offset, read);
    return read;
  }
  Result<void> sync() override {
    const std::lock_guard lock(disk_.mutex_);
    if (auto counted = count("sync"); !counted) return counted;
    file_->synced = file_->now;
    return {};
  }
  Result<void> truncate(std::uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    if (auto counted = count("truncate"); !counted) return counted;
    file_->now.resize(size);
    return {};
  }
  Result<void> allocate(std::uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    if (auto counted = count("allocate"); !counted) return counted;
    file_->now.resize(std::max<std::size_t>(file_->now.size(), size));
    return {};
  }
  Result<std::uint64_t> size() const override {
    const std::lock_guard lock(disk_.mutex_);
    if (auto counted = count("stat"); !counted) return counted.error();
    return file_->now.size();
  }

 private:
  Result<void> count(const char* what) const {
    if (life_ != disk_.life_) return error_of(name_, what, EIO);
    return disk_.count_call(name_, what);
  }

  FaultyDisk& disk_;
  const std::string name_;
  const std::shared_ptr<FaultyDisk::File> file_;
  const std::uint64_t life_;
};

class FaultyLock final : public DiskLock {
 public:
  FaultyLock(FaultyDisk& disk, std::string name) : disk_(disk), name_(std::move(name)), life_(disk.life_) {}
  ~FaultyLock() override {
    const std::lock_guard lock(disk_.mutex_);
    if (life_ == disk_.life_) disk_.locks_.erase(name_);
  }

 private:
  FaultyDisk& disk_;
  const std::string name_;
  const std::uint64_t life_;
};

FaultyDisk::FaultyDisk() = default;
FaultyDisk::~FaultyDisk() = default;

void FaultyDisk::fail_from(std::uint64_t nth_call, int error_number) {
  const std::lock_guard lock(mutex_);
  fail_from_ = calls_ + nth_call;
  error_number_ = error_number;
}

void FaultyDisk::heal() {
  const std::lock_guard lock(mutex_);
  fail_from_ = 0;
}

std::uint64_t FaultyDisk::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void FaultyDisk::cut_power() { restart(std::nullopt); }
void FaultyDisk::cut_power(std::uint64_t seed) { restart(seed); }

void FaultyDisk::restart(std::optional<std::uint64_t> seed) {
  const std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed.value_or(0));
  Names survivors = synced_names_;
  if (seed) {
    for (const auto& [name, file] : names_) {
      if (random() % 2) survivors.emplace(name, file);
    }
  }
  names_.clear();
  for (const auto& [name, file] : survivors) {
    auto copy = std::make_shared<File>();
    copy->now = seed ? mixed(file->synced, file->now, random) : file->synced;
    copy->synced = copy->now;
    names_[name] = std::move(copy);
  }
  synced_names_ = names_;
  locks_.clear();
  last_write_.reset();
  fail_from_ = 0;
  ++life_;
}

void FaultyDisk::tear_last_write(std::size_t kept) {
  const std::lock_guard lock(mutex_);
  if (!last_write_ || kept >= last_write_->bytes.size()) return;
  auto& [file, offset, before, bytes, size_before] = *last_write_;
  before.resize(bytes.size());
  file->now.replace(offset + kept, bytes.size() - kept, before.substr(kept));
  file->now.resize(std::max<std::size_t>(size_before, offset + kept));
}

std::string FaultyDisk::content(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return names_.at(name)->now;
}

void FaultyDisk::set_content(const std::string& name, std::string bytes) {
  const std::lock_guard lock(mutex_);
  auto& file = names_[name];
  if (!file) file = std::make_shared<File>();
  file->now = bytes;
  file->synced = std::move(bytes);
  synced_names_[name] = file;
}

void FaultyDisk::flip_bit(const std::string& name, std::uint64_t bit) {
  const std::lock_guard lock(mutex_);
  auto& byte = names_.at(name)->now.at(bit / 8);
  byte = static_cast<char>(byte ^ (1 << (bit % 8)));
}

std::size_t FaultyDisk::last_write_size() const {
  const std::lock_guard lock(mutex_);
  return last_write_ ? last_write_->bytes.size() : 0;
}

Result<std::unique_ptr<DiskFile>> FaultyDisk::open(const std::string& name, Mode mode) {
  const std::lock_guard lock(mutex_);
  if (auto counted = count_call(name, "open"); !counted) return counted.error();
  const auto found = names_.find(name);
  if (found == names_.end() && mode == Mode::open_existing) return error_of(name, "open", ENOENT);
  if (found != names_.end() && mode == Mode::create_new) return error_of(name, "open", EEXIST);
  auto& file = names_[name];
  if (!file) file = std::make_shared<File>();
  return std::unique_ptr<DiskFile>(std::make_unique<FaultyFile>(*this, name, file));
}

Result<std::vector<std::string>> FaultyDisk::list(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  if (auto counted = count_call(folder, "list"); !counted) return counted.error();
  std::vector<std::string> found;
  for (const auto& [name, file] : names_) {
    if (is_in(name, folder)) found.push_back(folder.empty() ? name : name.substr(folder.size() + 1));
  }
  return found;
}

// A folder is there when a file in it is.
Result<void> FaultyDisk::make_folder(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  return count_call(folder, "make folder");
}

Result<void> FaultyDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (auto counted = count_call(from, "rename"); !counted) return counted;
  const auto found = names_.find(from);
  if (found == names_.end()) return error_of(from, "rename", ENOENT);
  names_[to] = found->second;
  names_.erase(from);
  sync_names(folder_of(from));
  sync_names(folder_of(to));
  return {};
}

Result<void> FaultyDisk::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (auto counted = count_call(name, "remove"); !counted) return counted;
  if (names_.erase(name) == 0) return error_of(name, "remove", ENOENT);
  sync_names(folder_of(name));
  return {};
}

Result<void> FaultyDisk::sync_folder(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  if (auto counted = count_call(folder, "sync folder"); !counted) return counted;
  sync_names(folder);
  return {};
}

Result<std::unique_ptr<DiskLock>> FaultyDisk::lock(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (auto counted = count_call(name, "lock"); !counted) return counted.error();
  if (!locks_.insert(name).second) return conflict(name + " is held by this process");
  return std::unique_ptr<DiskLock>(std::make_unique<FaultyLock>(*this, name));
}

Result<void> FaultyDisk::count_call(const std::string& name, const char* what) {
  ++calls_;
  if (fail_from_ != 0 && calls_ >= fail_from_) return error_of(name, what, error_number_);
  return {};
}

void FaultyDisk::write(const std::shared_ptr<File>& file, std::uint64_t offset, std::string_view bytes) {
  auto& now = file->now;
  const auto size_before = now.size();
  std::string before = offset < now.size() ? now.substr(offset, bytes.size()) : std::string();
  if (now.size() < offset + bytes.size()) now.resize(offset + bytes.size());
  now.replace(offset, bytes.size(), bytes);
  last_write_ = LastWrite{file, offset, std::move(before), std::string(bytes), size_before};
}

void FaultyDisk::sync_names(const std::string& folder) {
  std::erase_if(synced_names_, [&](const auto& entry) { return is_in(entry.first, folder); });
  for (const auto& [name, file] : names_) {
    if (is_in(name, folder)) synced_names_[name] = file;
  }
}

}  // namespace doppel
