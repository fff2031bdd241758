#include "tests/simulation/sim_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace doppel::simulation {
namespace {

Error error_of(const std::string& name, const char* what, int number) {
  std::string message = name + ": " + what + ": " + std::generic_category().message(number) + " (errno " + std::to_string(number) + ")";
  if (number == ENOENT) return not_found(std::move(message));
  if (number == EEXIST) return conflict(std::move(message));
  return unavailable(std::move(message));
}

}  // namespace

class SimFile final : public DiskFile {
 public:
  SimFile(SimDisk& disk, std::string name, std::shared_ptr<SimDisk::File> file)
      : disk_(disk), name_(std::move(name)), file_(std::move(file)), life_(disk.life_) {}

  Result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    Error error;
    auto verdict = judge("write", error);
    if (verdict == Verdict::go_on && disk_.full_ && offset + bytes.size() > file_->now.size()) return disk_.refuse_full(name_, "write");
    if (verdict == Verdict::in_part) bytes = bytes.substr(0, disk_.random_.below(bytes.size() + 1));
    if (verdict != Verdict::refused) put(offset, bytes);
    return result(verdict, error);
  }
  Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) const override {
    Error error;
    if (judge("read", error) != Verdict::go_on) return error;
    if (offset >= file_->now.size()) return std::size_t{0};
    const auto read = std::min<std::size_t>(size, file_->now.size() - offset);
    std::memcpy(into, file_->now.data() + offset, read);
    return read;
  }
  Result<void> sync() override {
    Error error;
    const auto verdict = judge("sync", error);
    if (verdict == Verdict::go_on) sync_all();
    return result(verdict, error);
  }
  Result<void> truncate(std::uint64_t size) override {
    Error error;
    const auto verdict = judge("truncate", error);
    if (verdict == Verdict::go_on && disk_.full_ && size > file_->now.size()) return disk_.refuse_full(name_, "truncate");
    if (verdict == Verdict::go_on) resize(size);
    return result(verdict, error);
  }
  Result<void> allocate(std::uint64_t size) override {
    const auto present = file_->now.size();
    return size > present ? truncate(size) : Result<void>();
  }
  Result<std::uint64_t> size() const override {
    if (disk_.frozen_ || life_ != disk_.life_) return error_of(name_, "stat", EIO);
    return file_->now.size();
  }

 private:
  using Verdict = SimDisk::Verdict;

  Verdict judge(const char* what, Error& error) const { return disk_.judge(life_, name_, what, error); }
  static Result<void> result(Verdict verdict, const Error& error) { return verdict == Verdict::go_on ? Result<void>() : Result<void>(error); }

  void put(std::uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    if (file_->now.size() < offset + bytes.size()) file_->now.resize(offset + bytes.size());
    std::memcpy(file_->now.data() + offset, bytes.data(), bytes.size());
    for (auto sector = offset / SimDisk::kSector; sector * SimDisk::kSector < offset + bytes.size(); ++sector) file_->unsynced.insert(sector);
  }
  // What is cut off may still be on the medium when the file grows again.
  void resize(std::uint64_t size) {
    for (auto sector = size / SimDisk::kSector; sector * SimDisk::kSector < file_->now.size(); ++sector) file_->unsynced.insert(sector);
    file_->now.resize(size);
  }
  void sync_all() {
    auto& [now, medium, unsynced] = *file_;
    medium.resize(now.size());
    for (const auto sector : unsynced) {
      const auto at = sector * SimDisk::kSector;
      if (at < now.size()) std::memcpy(medium.data() + at, now.data() + at, std::min(SimDisk::kSector, now.size() - at));
    }
    unsynced.clear();
  }

  SimDisk& disk_;
  const std::string name_;
  const std::shared_ptr<SimDisk::File> file_;
  const std::uint64_t life_;
};

class SimLock final : public DiskLock {
 public:
  SimLock(SimDisk& disk, std::string name) : disk_(disk), name_(std::move(name)), life_(disk.life_) {}
  ~SimLock() override {
    if (life_ == disk_.life_) disk_.locks_.erase(name_);
  }

 private:
  SimDisk& disk_;
  const std::string name_;
  const std::uint64_t life_;
};

void SimDisk::freeze_within(std::uint64_t nth, std::function<void()> died) {
  freeze_at_ = operations_ + nth;
  died_ = std::move(died);
}

void SimDisk::freeze() { frozen_ = true; }

void SimDisk::begin_process() {
  ++life_;
  frozen_ = has_failed_ = false;
  freeze_at_ = 0;
  locks_.clear();
}

void SimDisk::cut_power() {
  for (const auto& change : unsynced_names_) {
    const bool can = change.from.empty() || medium_names_.contains(change.from);
    if (can && random_.percent(50)) apply(change, medium_names_);
  }
  unsynced_names_.clear();
  names_ = medium_names_;
  for (auto& [name, file] : names_) {
    auto& [now, medium, unsynced] = *file;
    if (now.size() != medium.size() && random_.percent(50)) medium.resize(now.size());
    // Often all of it is lost, or almost nothing: torn middles are one case among three.
    const std::uint64_t kept = random_.below(3) * 50;
    for (const auto sector : unsynced) {
      const auto at = sector * kSector;
      const auto end = std::min({at + kSector, now.size(), medium.size()});
      if (at < end && random_.percent(kept)) std::memcpy(medium.data() + at, now.data() + at, end - at);
    }
    unsynced.clear();
    now = medium;
  }
  begin_process();
}

void SimDisk::fail_from(std::uint64_t nth, int error_number) {
  fail_at_ = operations_ + nth;
  error_number_ = error_number;
}

void SimDisk::empty() {
  names_.clear();
  unsynced_names_.clear();
  medium_names_.clear();
  begin_process();
}

SimDisk::Image SimDisk::image() const {
  Image image;
  for (const auto& [name, file] : names_) image[name] = file->now;
  return image;
}

void SimDisk::restore(const Image& image) {
  empty();
  for (const auto& [name, bytes] : image) names_[name] = std::make_shared<File>(File{bytes, bytes, {}});
  medium_names_ = names_;
}

// What becomes of an operation. Only a write can be done in part.
SimDisk::Verdict SimDisk::judge(std::uint64_t life, const std::string& name, const char* what, Error& error) {
  error = error_of(name, what, EIO);
  if (frozen_ || life != life_) return Verdict::refused;
  ++operations_;
  if (freeze_at_ != 0 && operations_ >= freeze_at_) {
    frozen_ = true;
    if (died_) std::exchange(died_, nullptr)();
    return Verdict::in_part;
  }
  if (fail_at_ == 0 || operations_ < fail_at_) return Verdict::go_on;
  error = error_of(name, what, error_number_);
  has_failed_ = true;
  return Verdict::in_part;
}

Error SimDisk::refuse_full(const std::string& name, const char* what) {
  has_failed_ = true;
  return error_of(name, what, ENOSPC);
}

void SimDisk::apply(const NameChange& change, Names& names) {
  if (!change.from.empty()) names.erase(change.from);
  if (!change.to.empty()) names[change.to] = change.file;
}

void SimDisk::change_names(NameChange change) {
  apply(change, names_);
  unsynced_names_.push_back(std::move(change));
}

void SimDisk::sync_names() {
  medium_names_ = names_;
  unsynced_names_.clear();
}

Result<std::unique_ptr<DiskFile>> SimDisk::open(const std::string& name, Mode mode) {
  Error error;
  if (judge(life_, name, "open", error) != Verdict::go_on) return error;
  const auto at = names_.find(name);
  if (mode == Mode::open_existing && at == names_.end()) return error_of(name, "open", ENOENT);
  if (mode == Mode::create_new && at != names_.end()) return error_of(name, "open", EEXIST);
  if (at != names_.end()) return std::unique_ptr<DiskFile>(std::make_unique<SimFile>(*this, name, at->second));
  if (full_) return refuse_full(name, "open");
  auto file = std::make_shared<File>();
  change_names({"", name, file});
  return std::unique_ptr<DiskFile>(std::make_unique<SimFile>(*this, name, std::move(file)));
}

Result<std::vector<std::string>> SimDisk::list(const std::string& folder) {
  Error error;
  if (judge(life_, folder, "list", error) != Verdict::go_on) return error;
  std::set<std::string> found;
  const std::string prefix = folder.empty() ? "" : folder + '/';
  for (auto at = names_.lower_bound(prefix); at != names_.end() && at->first.starts_with(prefix); ++at) {
    const auto rest = at->first.substr(prefix.size());
    found.insert(rest.substr(0, rest.find('/')));
  }
  return std::vector<std::string>(found.begin(), found.end());
}

// Folders are there as soon as they hold a file.
Result<void> SimDisk::make_folder(const std::string& folder) {
  Error error;
  return judge(life_, folder, "make folder", error) == Verdict::go_on ? Result<void>() : Result<void>(error);
}

Result<void> SimDisk::rename(const std::string& from, const std::string& to) {
  Error error;
  const auto verdict = judge(life_, from, "rename", error);
  if (verdict == Verdict::refused) return error;
  const auto at = names_.find(from);
  if (at == names_.end()) return error_of(from, "rename", ENOENT);
  if (verdict == Verdict::go_on || random_.percent(50)) change_names({from, to, at->second});
  if (verdict != Verdict::go_on) return error;
  sync_names();
  return {};
}

Result<void> SimDisk::remove(const std::string& name) {
  Error error;
  const auto verdict = judge(life_, name, "remove", error);
  if (verdict == Verdict::refused) return error;
  if (!names_.contains(name)) return error_of(name, "remove", ENOENT);
  if (verdict == Verdict::go_on || random_.percent(50)) change_names({name, "", nullptr});
  if (verdict != Verdict::go_on) return error;
  sync_names();
  return {};
}

// One log of names for the whole disk, as journaling file systems have it.
Result<void> SimDisk::sync_folder(const std::string& folder) {
  Error error;
  if (judge(life_, folder, "sync folder", error) != Verdict::go_on) return error;
  sync_names();
  return {};
}

Result<std::unique_ptr<DiskLock>> SimDisk::lock(const std::string& name) {
  auto file = open(name, Mode::open_or_create);
  if (!file) return file.error();
  if (!locks_.insert(name).second) return conflict(name + " is held by process 1");
  return std::unique_ptr<DiskLock>(std::make_unique<SimLock>(*this, name));
}

}  // namespace doppel::simulation
