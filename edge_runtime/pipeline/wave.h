// The events that are applied together: those of a batch, then those that they caused, and so on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "edge_runtime/pipeline/function_set.h"
#include "edge_runtime/pipeline/held_events.h"
#include "edge_runtime/pipeline/kept_event.h"
#include "edge_runtime/pipeline/names.h"
#include "edge_runtime/pipeline/twin.h"
#include "edge_runtime/pipeline/twin_table.h"
#include "functions/abi/run.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/time.h"

namespace doppel {

struct WaveField {
  Name name{};
  ValueView value;
};

// One event of one twin. Views live as long as the batch.
struct WaveItem {
  TwinIndex twin = kNoTwin;
  Position origin = Position::none;  // of the record that caused it, however indirectly
  Timestamp arrival, time;
  TriggerKind trigger = TriggerKind::topic;
  bool is_message = false;  // a source message: counts in the twin's `events`, and in the windows
  bool reports = false;     // its fields become properties of the twin
  std::optional<Name> model;
  std::string_view topic;   // or the name of the event, alarm or property
  std::string_view payload;
  std::uint32_t first_field = 0, fields = 0;
  std::optional<std::uint32_t> time_field;  // of its fields: the one that is its time
  std::uint32_t first_label = 0, labels = 0;
  std::uint32_t first_function = 0, functions = 0;
  std::uint32_t ordinal = 0;  // among the items of its twin
  std::uint64_t seed = 0;     // the same wherever the borders of batches lie
  const KeptEvent* kept = nullptr;     // where it was set aside: its seed, and what its function saw of the twin
  HeldEvents::Number held_number = 0;  // where it was held: its place in the order
  std::uint32_t cause = 0;    // number of the item of the wave before that caused it
};

// Items with their fields, labels and functions in flat arrays that keep their memory from batch to batch.
class Wave {
 public:
  // Begins an item; what is added by the calls below belongs to it.
  WaveItem& add() {
    WaveItem& item = items_.emplace_back();
    item.first_field = static_cast<std::uint32_t>(fields_.size());
    item.first_label = static_cast<std::uint32_t>(labels_.size());
    item.first_function = static_cast<std::uint32_t>(functions_.size());
    return item;
  }
  void add_field(Name name, const ValueView& value) {
    fields_.push_back({name, value});
    ++items_.back().fields;
  }
  void add_label(TwinLabel label) {
    labels_.push_back(label);
    ++items_.back().labels;
  }
  void add_functions(std::span<const FunctionSet::Number> functions) {
    functions_.insert(functions_.end(), functions.begin(), functions.end());
    items_.back().functions += static_cast<std::uint32_t>(functions.size());
  }
  // The order in which causes came, whatever the order in which they were worked on.
  void sort_by_cause() {
    const auto before = [](const WaveItem& a, const WaveItem& b) { return a.cause < b.cause; };
    if (!std::is_sorted(items_.begin(), items_.end(), before)) std::stable_sort(items_.begin(), items_.end(), before);
  }
  void clear() { items_.clear(), fields_.clear(), labels_.clear(), functions_.clear(); }

  std::uint32_t number_of(const WaveItem& item) const { return static_cast<std::uint32_t>(&item - items_.data()); }
  bool empty() const { return items_.empty(); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(items_.size()); }
  WaveItem& operator[](std::uint32_t i) { return items_[i]; }
  const WaveItem& operator[](std::uint32_t i) const { return items_[i]; }
  std::span<const WaveField> fields(const WaveItem& item) const { return {fields_.data() + item.first_field, item.fields}; }
  std::span<const TwinLabel> labels(const WaveItem& item) const { return {labels_.data() + item.first_label, item.labels}; }
  std::span<const FunctionSet::Number> functions(const WaveItem& item) const {
    return {functions_.data() + item.first_function, item.functions};
  }

 private:
  std::vector<WaveItem> items_;
  std::vector<WaveField> fields_;
  std::vector<TwinLabel> labels_;
  std::vector<FunctionSet::Number> functions_;
};

}  // namespace doppel
