// A fold that remembers what it is told to, so that a test sees every record, border and decision.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "twin_store/lane/fold.h"

namespace doppel {

// The table "text" holds, for each topic, the payloads of its records joined by ','. Payloads that do more begin with a word:
// "publish X" and "put T=X" make an outbox row, "decide" takes a decision.
class RecordingFold final : public Fold {
 public:
  std::span<const std::string_view> tables() const override { return kTables; }
  std::string version() const override { return version_name; }

  Result<void> load(const StoreReader& store) override {
    return store.for_each("text", [&](std::string_view key, std::string_view value) { text[std::string(key)] = value; });
  }

  Result<void> apply(const Batch& batch, BatchOutput& output) override {
    std::string shown;
    for (const Record& record : batch.records) {
      std::string payload(record.payload);
      if (record.kind == RecordKind::tick) due.reset(), payload = "tick";
      if (record.kind == RecordKind::incarnation) payload = "incarnation";
      shown += (shown.empty() ? "" : " ") + payload;
      if (payload == "decide") payload = decide(batch, record, output);
      if (payload.starts_with("publish ")) push(output, OutboxKind::publish, "topic", payload.substr(8) + suffix, 0);
      if (payload.starts_with("put ")) put(output, payload.substr(4), batch.mark);
      auto& value = text[std::string(record.topic)];
      value += (value.empty() ? "" : ",") + payload;
      changed_.insert(std::string(record.topic));
    }
    batches.push_back(shown);
    marks.push_back(batch.mark);
    return {};
  }

  std::optional<Timestamp> next_due() const override { return due; }

  void take_changes(std::vector<RowChange>& changes) override {
    for (const auto& key : changed_) changes.push_back({"text", key, text[key]});
    changed_.clear();
  }
  std::size_t dirty_bytes() const override { return changed_.empty() ? 0 : dirty; }
  void begin_incarnation(const Incarnation& begun) override { incarnations.push_back(begun); }

  std::map<std::string, std::string> text;
  std::vector<std::string> batches;  // since this fold was made: the payloads of each
  std::vector<Position> marks;
  std::vector<Incarnation> incarnations;
  std::string version_name = "fold 1";
  std::string suffix;  // of published payloads: another one makes other effects
  std::optional<Timestamp> due;
  std::size_t dirty = 1;
  std::string outcome = "failed";  // of a decision taken now

 private:
  static constexpr std::string_view kTables[] = {"text"};

  std::string decide(const Batch& batch, const Record& record, BatchOutput& output) const {
    std::string taken = outcome;
    const auto known = std::find_if(batch.decisions.begin(), batch.decisions.end(), [&](const Decision& d) { return d.origin == record.position; });
    if (known != batch.decisions.end()) {
      taken = known->outcome;
    } else {
      output.decisions.push_back({record.position, "function", taken});
    }
    push(output, OutboxKind::publish, "decided", taken, 0);
    return "decided " + taken;
  }
  static void put(BatchOutput& output, const std::string& words, Position mark) {
    const auto equals = words.find('=');
    push(output, OutboxKind::replacement, words.substr(0, equals), words.substr(equals + 1), to_number(mark));
  }
  static void push(BatchOutput& output, OutboxKind kind, std::string target, std::string payload, std::uint64_t revision) {
    OutboxRow row;
    row.kind = kind;
    row.target = std::move(target);
    row.payload = std::move(payload);
    row.revision = revision;
    output.rows.push_back(std::move(row));
  }

  std::set<std::string> changed_;
};

}  // namespace doppel
