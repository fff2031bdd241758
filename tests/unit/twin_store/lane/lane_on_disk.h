// A lane over a journal on a disk that can fail and a store in a folder that goes with the test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/faulty_disk.h"
#include "tests/unit/twin_store/lane/recording_fold.h"
#include "twin_store/journal/journal.h"
#include "twin_store/lane/lane.h"

namespace doppel {

class RecordingLog final : public Log {
 public:
  void write(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
    std::string line(event);
    for (const auto& field : fields) line += " " + std::string(field.key) + "=" + field.value;
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  // The line of the first such event, or "".
  std::string line(std::string_view event) const {
    const std::lock_guard lock(mutex_);
    for (const auto& line : lines_) {
      if (line.starts_with(event)) return line;
    }
    return {};
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "doppel-lane-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline Incarnation incarnation_of(std::uint8_t first_byte) {
  Incarnation incarnation;
  incarnation.bytes[0] = first_byte;
  return incarnation;
}

class LaneOnDisk {
 public:
  LaneOnDisk() {
    journal_options.sync = SyncPolicy::never;
    journal_options.segment_bytes = 64u << 10;
    journal_options.budget_bytes = 64 * journal_options.segment_bytes;
    journal_options.boot_id = "boot-1";
    journal_options.program = "test 1";
    lane_options.commit_interval = std::chrono::hours(1);
  }

  Result<void> try_start() {
    kill();
    auto opened = open_journal(disk, "journal", time(), journal_options);
    if (!opened) return opened.error();
    journal = std::move(opened->journal);
    found = std::move(opened->recovery);
    return start_lane(store_name, "delivery");
  }
  void start() {
    const auto started = try_start();
    ASSERT_TRUE(started) << started.error().message;
  }
  // As a process that dies. What is committed and written stays.
  void kill() {
    lane.reset(), committer.reset(), outbox.reset(), delivery_log.reset(), store.reset(), fold.reset(), journal.reset();
  }
  void cut_power() {
    disk.cut_power();
    kill();
    journal_options.boot_id += "+";
  }
  void stop() {
    ASSERT_TRUE(lane->commit_now());
    ASSERT_TRUE(journal->close());
    kill();
  }
  // Replays the journal into an empty store, with an empty delivery log.
  void start_beside() {
    kill();
    auto opened = open_journal(disk, "journal", time(), journal_options);
    ASSERT_TRUE(opened) << opened.error().message;
    journal = std::move(opened->journal);
    found = std::move(opened->recovery);
    const auto count = std::to_string(++beside_);
    const auto started = start_lane("beside-" + count + ".db", "delivery-beside-" + count);
    ASSERT_TRUE(started) << started.error().message;
  }

  Result<Position> try_append(std::string_view payload, RecordKind kind = RecordKind::message, std::string_view topic = "t") {
    NewRecord record;
    record.kind = kind;
    record.topic = topic;
    record.payload = payload;
    return journal->append(record);
  }
  Position append(std::string_view payload, RecordKind kind = RecordKind::message, std::string_view topic = "t") {
    const auto position = try_append(payload, kind, topic);
    EXPECT_TRUE(position) << position.error().message;
    return position.value_or(Position::none);
  }
  // Until there is nothing more to do.
  Result<void> try_run() {
    for (;;) {
      const auto ran = lane->step();
      if (!ran) return ran.error();
      outbox->release(journal->last_synced());
      if (auto committed = lane->commit_if_due(); !committed) return committed;
      if (!*ran) return {};
    }
  }
  void run() {
    const auto ran = try_run();
    ASSERT_TRUE(ran) << ran.error().message;
  }

  std::vector<std::string> take(OutboxKind kind = OutboxKind::publish, std::size_t limit = 1000) {
    std::vector<std::string> payloads;
    for (auto& row : outbox->take(kind, limit)) {
      payloads.push_back(row.payload);
      taken.push_back(std::move(row));
    }
    return payloads;
  }
  std::map<std::string, std::string> committed_text() const {
    std::map<std::string, std::string> rows;
    EXPECT_TRUE(store->for_each("text", [&](std::string_view key, std::string_view value) { rows.emplace(key, value); }));
    return rows;
  }

  Folder folder;
  FaultyDisk disk;
  const Clock& time() const { return runs_in_real_time ? static_cast<const Clock&>(system_clock) : clock; }
  bool runs_in_real_time = false;
  SystemClock system_clock;
  ManualClock clock{from_nanoseconds(1'767'225'600'000'000'000)};  // 2026-01-01T00:00:00Z
  RecordingLog log;
  JournalOptions journal_options;
  LaneOptions lane_options;
  OutboxOptions outbox_options;
  std::string store_name = "twin.db", fold_version = "fold 1", fold_suffix, fold_outcome = "failed";
  JournalRecovery found;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<RecordingFold> fold;
  std::unique_ptr<Store> store;
  std::unique_ptr<DeliveryLog> delivery_log;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<Committer> committer;
  std::unique_ptr<Lane> lane;
  std::vector<OutboxRow> taken;

 private:
  Result<void> start_lane(const std::string& store_file, const std::string& delivery_folder) {
    fold = std::make_unique<RecordingFold>();
    fold->version_name = fold_version;
    fold->suffix = fold_suffix;
    fold->outcome = fold_outcome;
    auto opened = open_store({.path = folder.file(store_file), .fold_tables = {"text"}, .program = "test 1", .hooks = nullptr});
    if (!opened) return opened.error();
    store = *std::move(opened);
    auto delivered = DeliveryLog::open(disk, delivery_folder);
    if (!delivered) return delivered.error();
    delivery_log = *std::move(delivered);
    outbox = std::make_unique<Outbox>(*delivery_log, outbox_options, log);
    committer = std::make_unique<DirectCommitter>(*journal, *store, *outbox);
    lane = std::make_unique<Lane>(LaneParts{*fold, *journal, *store, *outbox, *committer, time(), log}, lane_options);
    if (auto recovered = lane->recover(found, incarnation_of(++incarnations_)); !recovered) return recovered;
    journal->on_synced([this](Position synced) { outbox->release(synced); });
    return {};
  }

  int beside_ = 0;
  std::uint8_t incarnations_ = 0;
};

}  // namespace doppel
