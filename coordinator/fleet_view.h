// What the coordinator knows, as plain values. Reads the fold: nothing here changes anything.
// Thread: the lane's, between two batches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker_bridge/uplink/uplink_coordinator.h"
#include "coordinator/merge_fold.h"
#include "twin_store/model/aggregate.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"
#include "twin_store/model/window.h"

namespace doppel {

// The sessions at one moment, as the uplink's server tells them.
struct LinkSnapshot {
  std::vector<uplink::LinkState> links;
  Duration monotonic{0};
  Timestamp wall;
};

struct EdgeView {
  EdgeId name;
  std::string region;
  std::string program;
  bool connected = false;
  std::optional<double> lag_seconds;  // age of its oldest row without receipt; nothing while apart
  Timestamp first_seen, last_seen;
  std::vector<Incarnation> incarnations;  // the present one last
  std::optional<uplink::Status> status;   // functions with versions, as it last said
  std::uint64_t wanted_generation = 0;    // of the desired state
  std::string status_json;                // its own status row; "" without
  std::size_t alerts = 0;
  std::size_t twins = 0;                  // whose latest values are here
  std::size_t window_rows = 0;
  std::uint64_t backlog_rows = 0;         // as of its last heartbeat
  std::uint64_t refused[kRefusals] = {};
  std::string last_refusal;
};

enum class FleetLevel : std::uint8_t { edge, region, fleet };
Result<FleetLevel> parse_level(std::string_view text);  // "" is fleet
std::string_view to_string(FleetLevel level);

// Empty strings ask for everything; a bound that is absent does not bound.
struct WindowFilter {
  FleetLevel level = FleetLevel::fleet;
  std::string name;    // of the edge or region
  std::string edge;    // only this edge's contributions
  std::string window;
  std::string group;
  std::optional<std::string> property;  // "" is the row that counts events and twins
  std::optional<Timestamp> from, to;    // of the window's start: from <= start < to
  std::size_t limit = 100;
  std::string after;   // a cursor
};

struct WindowView {
  WindowKey key;
  FleetLevel level = FleetLevel::fleet;
  std::string name;         // of the edge or region; "fleet"
  std::size_t edges = 0;    // whose contributions are in it; frozen ones are not counted
  bool has_frozen = false;
  WindowSum sum;
};

struct WindowPage {
  std::vector<WindowView> items;  // by window, start, length, group, property, name
  std::string next;               // cursor; "" at the end. There may be more although nothing fitted in this page
};

// A twin or an alert of an edge. Views into the fold.
struct LatestView {
  std::string_view edge;
  std::string_view id;     // of the twin
  std::string_view alert;  // its name; "" for a twin
  std::string_view payload;
  Timestamp arrival;
};

LatestView view_of_row(const LatestTable::Key& key, const LatestTable::Row& row);

struct LatestFilter {
  std::string edge;
  std::string prefix;  // of the twin's id
  std::size_t limit = 100;
  std::string after;   // a cursor
};

struct LatestPage {
  std::vector<LatestView> items;  // by edge, twin
  std::string next;
};

class FleetView {
 public:
  explicit FleetView(const MergeFold& fold) : fold_(fold) {}

  std::vector<EdgeView> edges(const LinkSnapshot& now) const;  // by name
  std::optional<EdgeView> edge(const EdgeId& name, const LinkSnapshot& now) const;

  // Errors: invalid_input (a cursor that is none).
  Result<WindowPage> windows(const WindowFilter& filter) const;

  Result<LatestPage> twins(const LatestFilter& filter) const;
  Result<LatestPage> alerts(const LatestFilter& filter) const;
  std::vector<LatestView> find_twin(std::string_view id) const;  // of every edge that has it

  const std::map<std::string, FleetFunction>& functions() const { return fold_.desired().functions(); }

 private:
  EdgeView view_of(const EdgeRecord& edge, const LinkSnapshot& now) const;
  Result<LatestPage> latest(char kind, const LatestFilter& filter) const;

  const MergeFold& fold_;
};

}  // namespace doppel
