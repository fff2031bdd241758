#include "edge_runtime/programs/change_feed.h"

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace doppel {
namespace {

using Reported = ChangedProperty::Reported;
using Desired = ChangedProperty::Desired;
using Removed = std::vector<Pipeline::RemovedProperty>;

// What a twin's change says, borrowing from the twin.
class BatchChange {
 public:
  BatchChange(const Twin& twin, const NameTable& names) : twin_(twin), names_(names) {}

  void add_reported(std::uint64_t rev_before) {
    for (const auto& slot : twin_.properties) {
      if (slot.rev <= rev_before) continue;
      properties_.push_back({.name = names_.text(slot.name), .revision = slot.rev, .reported = Reported{twin_.view(slot), slot.time}});
      for (const auto& desired : twin_.desired) {
        if (desired.name == slot.name) properties_.back().desired = Desired{desired.value.view(), desired.since};
      }
    }
  }
  // What is desired beside a reported value that has not changed, or is not there.
  void add_desired(std::uint64_t rev_before, const auto& was_removed) {
    for (const auto& desired : twin_.desired) {
      const PropertySlot* slot = twin_.find(desired.name);
      const bool is_told = slot != nullptr && slot->rev > rev_before;
      if (is_told || (desired.rev <= rev_before && !was_removed(desired.name))) continue;
      properties_.push_back({.name = names_.text(desired.name), .revision = desired.rev, .desired = Desired{desired.value.view(), desired.since}});
    }
  }
  void add_removed(Name name) {
    if (twin_.find(name) == nullptr) removed_.push_back(names_.text(name));
  }

  TwinChange all() const {
    TwinChange change;
    change.twin = twin_.id;
    if (twin_.model) change.model = names_.text(*twin_.model);
    change.revision = twin_.rev;
    change.events = twin_.events;
    if (twin_.events > 0) change.last_seen = twin_.last_seen;
    change.properties = properties_;
    change.removed = removed_;
    return change;
  }

 private:
  const Twin& twin_;
  const NameTable& names_;
  std::vector<ChangedProperty> properties_;
  std::vector<std::string_view> removed_;
};

Removed sorted(std::span<const Pipeline::RemovedProperty> removed) {
  Removed list(removed.begin(), removed.end());
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

using Json = nlohmann::ordered_json;

// A member of an object; null where there is none.
const Json& member(const Json& json, const std::string& name) {
  static const Json kNone;
  const auto at = json.is_object() ? json.find(name) : json.end();
  return at == json.end() ? kNone : *at;
}

std::string text_of(const Json& json) { return json.is_string() ? json.get<std::string>() : std::string(); }
std::uint64_t number_of(const Json& json) { return json.is_number_unsigned() ? json.get<std::uint64_t>() : 0; }
std::optional<Timestamp> time_of(const Json& json) { return parse_rfc3339(text_of(json)); }

// The time is there when a value is.
bool is_reported(const Json& property) { return time_of(member(property, "ts")).has_value(); }
bool has_same_report(const Json& a, const Json& b) { return member(a, "ts") == member(b, "ts") && member(a, "v") == member(b, "v"); }

// What changed between two rows of a twin; owns the texts of its values.
class RowDifference {
 public:
  RowDifference(std::string_view before, std::string_view after)
      : before_(Json::parse(before, nullptr, false)), after_(Json::parse(after, nullptr, false)) {
    for (const auto& [name, property] : member(after_, "properties").items()) add(name, member(member(before_, "properties"), name), property);
    for (const auto& [name, property] : member(before_, "properties").items()) {
      if (is_reported(property) && !is_reported(member(member(after_, "properties"), name))) removed_.push_back(texts_.emplace_back(name));
    }
    const Json& last = after_.is_object() ? after_ : before_;
    model_ = text_of(member(last, "model"));
    change_.revision = number_of(member(last, "rev"));
    change_.events = number_of(member(last, "events"));
    change_.last_seen = time_of(member(last, "last_seen"));
  }

  TwinChange of(std::string_view edge, std::string_view twin) const {
    TwinChange change = change_;
    change.edge = edge;
    change.twin = twin;
    change.model = model_;
    change.properties = properties_;
    change.removed = removed_;
    return change;
  }

 private:
  void add(const std::string& name, const Json& before, const Json& after) {
    if (before == after) return;
    ChangedProperty change{.name = texts_.emplace_back(name), .revision = number_of(member(after, "rev"))};
    if (const auto since = time_of(member(after, "pending_since"))) change.desired = Desired{value(member(after, "desired")), *since};
    const auto time = time_of(member(after, "ts"));
    if (time && (!change.desired || !has_same_report(before, after))) change.reported = Reported{value(member(after, "v")), *time};
    if (change.reported || change.desired) properties_.push_back(change);
  }
  ValueView value(const Json& json) { return ValueView::json(texts_.emplace_back(json.dump(-1, ' ', false, Json::error_handler_t::replace))); }

  const Json before_, after_;
  std::deque<std::string> texts_;
  std::string model_;
  std::vector<ChangedProperty> properties_;
  std::vector<std::string_view> removed_;
  TwinChange change_;
};

}  // namespace

void publish_changes(const Pipeline& pipeline, StreamHub& hub) {
  const Removed removed = sorted(pipeline.removed_properties());
  for (const TwinIndex index : pipeline.changed_twins()) {
    const Twin& twin = pipeline.twins()[index];
    BatchChange change(twin, pipeline.names());
    change.add_reported(*twin.rev_before_batch);
    change.add_desired(*twin.rev_before_batch,
                       [&](Name name) { return std::binary_search(removed.begin(), removed.end(), Pipeline::RemovedProperty{index, name}); });
    const auto first = std::lower_bound(removed.begin(), removed.end(), index, [](const auto& one, TwinIndex twin_index) { return one.twin < twin_index; });
    for (auto at = first; at != removed.end() && at->twin == index; ++at) change.add_removed(at->name);
    hub.publish(change.all());
  }
}

void publish_row(std::string_view edge, std::string_view twin, std::string_view before, std::string_view after, StreamHub& hub) {
  if (before.empty() && after.empty()) return;
  hub.publish(RowDifference(before, after).of(edge, twin));
}

}  // namespace doppel
