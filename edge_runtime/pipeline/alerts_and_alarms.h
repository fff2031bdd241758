// Two small tables of the fold. An alert is a state that a function raised on a twin and has not cleared; an alarm is a time at
// which a function wants to be called for a twin.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "twin_store/model/ids.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"
#include "twin_store/model/value.h"
#include "twin_store/store/store.h"

namespace doppel {

struct Alert {
  std::string twin, name;
  std::string function;
  Value value;
  Timestamp since;
};

// A row of the table as it is stored.
std::optional<Alert> decode_alert(std::string_view key, std::string_view value);

// {"twin", "alert", "function", "value", "since"}
std::string alert_json(const Alert& alert);

// Thread: the lane's.
class Alerts {
 public:
  static constexpr std::string_view kTable = "alert";
  static constexpr std::size_t kMost = 100'000;  // that stand at once

  Result<void> load(const StoreReader& store);
  void take_changes(std::vector<RowChange>& changes);

  // An alert that is raised again keeps its `since` and takes the new value.
  enum class Raised { anew, with_another_value, unchanged, over_limit };
  Raised raise(Alert alert);
  bool clear(const std::string& twin, const std::string& name);
  const Alert* find(const std::string& twin, const std::string& name) const;
  void for_each(const std::function<void(const Alert&)>& visit) const;
  std::size_t size() const { return alerts_.size(); }

 private:
  std::map<std::string, Alert> alerts_;  // by stored key
  std::set<std::string> changed_;
};

struct Alarm {
  std::string function, twin, name;
  auto operator<=>(const Alarm&) const = default;
};

// Thread: the lane's. Due times are lane time. A function sets only the alarms that its manifest names: that bounds them.
class Alarms {
 public:
  static constexpr std::string_view kTable = "alarm";

  Result<void> load(const StoreReader& store);
  void take_changes(std::vector<RowChange>& changes);

  void set(const Alarm& alarm, Timestamp due);  // replaces
  void cancel(const Alarm& alarm);
  bool has(const Alarm& alarm) const { return alarms_.contains(alarm); }
  void cancel_all_of(const std::string& function);
  std::optional<Timestamp> next_due() const;
  // In the order of their due times, then of their names; they are gone from the table.
  std::vector<std::pair<Timestamp, Alarm>> take_due(Timestamp lane_time);
  std::size_t size() const { return due_.size(); }

 private:
  std::map<Alarm, Timestamp> alarms_;
  std::set<std::pair<Timestamp, Alarm>> due_;
  std::set<Alarm> changed_;
};

}  // namespace doppel
