// A pipeline with a store in memory. Records go in, in batches that the test cuts; what comes out are rows, twins and tables.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "edge_runtime/pipeline/pipeline.h"
#include "edge_runtime/pipeline/twin_json.h"
#include "tests/unit/edge_runtime/pipeline/native_functions.h"
#include "twin_store/model/bytes.h"

namespace doppel {

using Tables = std::map<std::string, std::map<std::string, std::string>>;

class MemoryStore final : public StoreReader {
 public:
  Result<void> for_each(std::string_view table, const RowVisitor& visit) const override {
    if (const auto at = tables.find(std::string(table)); at != tables.end()) {
      for (const auto& [key, value] : at->second) visit(key, value);
    }
    return {};
  }
  Result<std::optional<std::string>> find(std::string_view table, std::string_view key) const override {
    const auto at = tables.find(std::string(table));
    if (at == tables.end()) return std::optional<std::string>();
    const auto row = at->second.find(std::string(key));
    return row == at->second.end() ? std::optional<std::string>() : std::optional(row->second);
  }
  void commit(const std::vector<RowChange>& changes) {
    for (const auto& change : changes) {
      auto& table = tables[std::string(change.table)];
      if (change.value) table[change.key] = *change.value;
      if (!change.value) table.erase(change.key);
    }
  }
  Tables tables;
};

inline constexpr Timestamp kStart = Timestamp(std::chrono::seconds(1'800'000'000));
inline Timestamp at(double seconds) { return kStart + Duration(static_cast<std::int64_t>(seconds * 1e9)); }

inline MappingRule mapping_rule(std::string topic, std::string twin, std::string model = "") {
  MappingRule rule;
  rule.topic = std::move(topic);
  rule.twin = std::move(twin);
  rule.model = std::move(model);
  return rule;
}

// A record that owns its bytes.
struct Input {
  RecordKind kind = RecordKind::message;
  Timestamp arrival = kStart;
  std::string topic;
  std::string payload;
  Delivery delivery = {};
};

inline Input message(double seconds, std::string topic, std::string payload) { return {RecordKind::message, at(seconds), std::move(topic), std::move(payload)}; }
inline Input number_record(RecordKind kind, double seconds, std::int64_t number) {
  Input input{kind, at(seconds), "", ""};
  ByteWriter(input.payload).put(number);
  return input;
}
inline Input tick(double seconds) { return number_record(RecordKind::tick, seconds, to_nanoseconds(at(seconds))); }
inline Input activation(double seconds, const std::string& name, const Activation& active) {
  Input input{RecordKind::activation, at(seconds), name, ""};
  encode(active, input.payload);
  return input;
}
inline Input configuration(double seconds, const PipelineConfig& config) { return {RecordKind::configuration, at(seconds), "", to_json(config)}; }
inline Input set_record(double seconds, const std::string& twin, const SetProperty& set) {
  Input input{RecordKind::set_property, at(seconds), twin, ""};
  encode(set, input.payload);
  return input;
}

class Edge {
 public:
  explicit Edge(RunnerLoader& loader) : loader_(loader) { restart(); }

  // Applies the inputs as one batch. Positions go on from batch to batch; a mark takes one too.
  BatchOutput& apply(const std::vector<Input>& inputs, std::span<const Decision> obey = {}) {
    texts_.clear();
    std::vector<Record> records;
    for (const auto& input : inputs) {
      Record record;
      record.position = Position{++position_};
      record.kind = input.kind;
      record.arrival = input.arrival;
      record.delivery = input.delivery;
      record.topic = texts_.emplace_back(input.topic);
      const auto& padded = texts_.emplace_back(input.payload + std::string(kReadablePadding, '\0'));
      record.payload = std::string_view(padded).substr(0, input.payload.size());
      records.push_back(record);
    }
    output_.clear();
    const auto applied = pipeline_->apply({Incarnation{}, Epoch::first, Position{1'000'000 + records.size() + position_}, records, obey}, output_);
    EXPECT_TRUE(applied);
    texts_.clear();  // what the pipeline keeps must be its own
    return output_;
  }
  // One record a batch. Control records stand alone in any case.
  void apply_each(const std::vector<Input>& inputs) {
    for (const auto& input : inputs) apply({input});
  }

  const Tables& commit() {
    std::vector<RowChange> changes;
    pipeline_->take_changes(changes);
    store_.commit(changes);
    return store_.tables;
  }
  // Commits, and begins again from the store.
  void commit_and_restart() {
    commit();
    restart();
  }

  Pipeline& pipeline() { return *pipeline_; }
  std::uint64_t position() const { return position_; }
  const Twin& twin(const std::string& id) const {
    const TwinIndex index = pipeline_->twins().find(id);
    static const Twin nobody;
    EXPECT_NE(index, kNoTwin) << id;
    return index == kNoTwin ? nobody : pipeline_->twins()[index];
  }
  bool has_twin(const std::string& id) const { return pipeline_->twins().find(id) != kNoTwin; }
  // JSON of the value; "" when there is none.
  std::string value(const std::string& id, const std::string& property) const {
    const Twin& t = twin(id);
    const auto name = pipeline_->names().find(property);
    const PropertySlot* slot = name ? t.find(*name) : nullptr;
    std::string json;
    if (slot != nullptr) append_json(json, t.view(*slot));
    return json;
  }
  // "reason" of every dead letter, oldest first.
  std::vector<std::string> dead() const {
    std::vector<std::string> reasons;
    pipeline_->dead_letters().for_each([&](std::uint64_t, const DeadLetter& letter) { reasons.push_back(letter.reason); });
    return reasons;
  }
  DeadLetter last_dead() const {
    DeadLetter last;
    pipeline_->dead_letters().for_each([&](std::uint64_t, const DeadLetter& letter) { last = letter; });
    return last;
  }

 private:
  void restart() {
    pipeline_ = std::make_unique<Pipeline>(loader_);
    const auto loaded = pipeline_->load(store_);
    EXPECT_TRUE(loaded) << loaded.error().message;
  }

  RunnerLoader& loader_;
  MemoryStore store_;
  std::unique_ptr<Pipeline> pipeline_;
  std::deque<std::string> texts_;
  std::uint64_t position_ = 0;
  BatchOutput output_;
};

inline std::vector<OutboxRow> rows_of(const BatchOutput& output, OutboxKind kind) {
  std::vector<OutboxRow> rows;
  for (const auto& row : output.rows) {
    if (row.kind == kind) rows.push_back(row);
  }
  return rows;
}

}  // namespace doppel
