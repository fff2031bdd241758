#include "twin_store/lane/snapshots.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <vector>

namespace doppel {
namespace {

constexpr std::string_view kBase = "epoch-", kSnapshot = "position-", kEnd = ".db";

// The number in PREFIX<number>.db.
std::optional<std::uint64_t> number_in(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with(kEnd)) return std::nullopt;
  name = name.substr(prefix.size(), name.size() - prefix.size() - kEnd.size());
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  return failure == std::errc() && end == name.data() + name.size() ? std::optional(number) : std::nullopt;
}

std::string name_of(std::string_view prefix, std::uint64_t number) { return std::string(prefix) + std::to_string(number) + std::string(kEnd); }

// The store when it is whole.
Result<std::unique_ptr<Store>> open_checked(const StoreOptions& options) {
  auto store = open_store(options);
  if (!store) return store;
  if (auto whole = (*store)->verify(); !whole) return whole.error();
  return store;
}

// A whole copy that the journal goes on from: of the present epoch, since what an earlier one lost is only in the base of the next.
std::optional<std::string> usable_snapshot(Disk& disk, const StoreOptions& options, const SnapshotOptions& snapshots, const Journal& journal) {
  const auto names = disk.list(snapshots.folder);
  if (!names) return std::nullopt;
  std::optional<std::string> best;
  Position reach = Position::none;
  for (const auto& name : *names) {
    if (!number_in(name, kBase) && !number_in(name, kSnapshot)) continue;
    StoreOptions of_copy = options;
    of_copy.path = snapshots.path + "/" + name;
    of_copy.hooks = nullptr;
    const auto copy = open_checked(of_copy);
    const auto checkpoint = copy ? (*copy)->checkpoint() : Result<std::optional<Checkpoint>>(copy.error());
    if (!checkpoint || !*checkpoint) continue;
    const bool is_of_epoch = (*checkpoint)->epoch == journal.epoch() || name == base_name(journal.epoch());
    const Position position = (*checkpoint)->position;
    if (!is_of_epoch || to_number(position) + 1 < to_number(journal.first()) || (best && position <= reach)) continue;
    best = name;
    reach = position;
  }
  return best;
}

// The file and its log, as one: a log beside another file would be taken for its own.
Result<std::string> set_aside(const std::string& path) {
  std::error_code failed;
  std::string aside;
  for (int number = 1; aside.empty() || std::filesystem::exists(aside, failed); ++number) aside = path + ".damaged-" + std::to_string(number);
  for (const char* part : {"-shm", "-wal", ""}) {
    if (!std::filesystem::exists(path + part, failed)) continue;
    std::filesystem::rename(path + part, aside + part, failed);
    if (failed) return unavailable("setting " + path + part + " aside: " + failed.message());
  }
  return aside;
}

}  // namespace

std::string base_name(Epoch epoch) { return name_of(kBase, to_number(epoch)); }
std::string snapshot_name(Position position) { return name_of(kSnapshot, to_number(position)); }

Result<Snapshots> Snapshots::open(Disk& disk, const Clock& clock, SnapshotOptions options) {
  const auto names = disk.list(options.folder);
  if (!names) return names.error();
  Snapshots snapshots(disk, clock, std::move(options));
  for (const auto& name : *names) snapshots.newest_ = std::max(snapshots.newest_, Position{number_in(name, kSnapshot).value_or(0)});
  snapshots.made_at_ = clock.monotonic();
  return snapshots;
}

Result<void> Snapshots::after_commit(Store& store, const Journal& journal, const Checkpoint& committed) {
  if (!is_due(journal, committed.position)) return {};
  if (auto made = store.snapshot_to(options_.path + "/" + snapshot_name(committed.position)); !made) return made;
  newest_ = committed.position;
  made_at_ = clock_->monotonic();
  return remove_older(committed.epoch);
}

bool Snapshots::is_due(const Journal& journal, Position committed) const {
  if (committed <= newest_) return false;
  if (clock_->monotonic() - made_at_ >= options_.interval) return true;
  const Position from = std::max(newest_, journal.first());
  if (committed <= from) return false;
  // Records are about as long as those before them.
  const auto kept = to_number(journal.last()) - to_number(journal.first()) + 1;
  const auto since = to_number(committed) - to_number(from);
  return static_cast<double>(journal.size_bytes()) * static_cast<double>(since) >= static_cast<double>(options_.journal_bytes) * static_cast<double>(kept);
}

Result<void> Snapshots::remove_older(Epoch epoch) {
  const auto names = disk_->list(options_.folder);
  if (!names) return names.error();
  for (const auto& name : *names) {
    const auto position = number_in(name, kSnapshot);
    const auto base = number_in(name, kBase);
    if (!(position && *position < to_number(newest_)) && !(base && *base < to_number(epoch))) continue;
    if (auto removed = disk_->remove(options_.folder + "/" + name); !removed) return removed;
  }
  return {};
}

Result<std::unique_ptr<Store>> open_or_restore(Disk& disk, const StoreOptions& options, const SnapshotOptions& snapshots, const Journal& journal,
                                               std::optional<Restored>& restored) {
  auto store = open_checked(options);
  if (store || store.error().code != ErrorCode::corrupt_data) return store;
  const auto snapshot = usable_snapshot(disk, options, snapshots, journal);
  const bool journal_is_whole = journal.first() <= Position{1} && journal.epoch() == Epoch::first;
  if (!snapshot && !journal_is_whole) {
    return corrupt_data(store.error().message + "; the journal begins at position " + std::to_string(to_number(journal.first())) + " in epoch " +
                        std::to_string(to_number(journal.epoch())) + ", and no whole snapshot in " +
                        snapshots.path + " reaches it: what came before is lost. Put a backup in its place, or begin with an empty data folder");
  }
  const auto aside = set_aside(options.path);
  if (!aside) return aside.error();
  restored = Restored{store.error().message, *aside, snapshot ? snapshots.path + "/" + *snapshot : ""};
  if (snapshot) {
    std::error_code failed;
    std::filesystem::copy_file(restored->from, options.path, failed);
    if (failed) return unavailable("copying " + restored->from + " to " + options.path + ": " + failed.message());
  }
  return open_store(options);
}

}  // namespace doppel
