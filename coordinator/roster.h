// Every edge that said HELLO, and every life of its state.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "broker_bridge/uplink/messages.h"
#include "coordinator/row_set.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"
#include "twin_store/store/store.h"

namespace doppel {

// Why rows of an edge were not taken. Each is a receipt all the same: sending them again would change nothing.
enum class Refusal : std::uint8_t {
  malformed = 0,   // key or payload does not decode
  late = 1,        // its window is frozen
  future = 2,      // its window ends more than a day after the row arrived
  over_limit = 3,  // the edge has as many rows as it may have
  unknown = 4,     // no HELLO named its incarnation, or a newer kind of key
};
inline constexpr std::size_t kRefusals = 5;
std::string_view to_string(Refusal refusal);

struct EdgeRecord {
  EdgeId name;
  std::string region;
  std::string program;
  Timestamp first_seen, last_seen;              // arrival of its first and last record
  std::map<std::uint32_t, std::uint32_t> current;  // lane -> contributor that said HELLO last
  std::uint64_t refused[kRefusals] = {};
  std::string last_refusal;                     // in words
  std::optional<uplink::Status> status;

  // Not stored: counted anew at loading.
  std::size_t window_rows = 0;
  std::size_t latest_rows = 0;
  std::size_t twins = 0, alerts = 0;  // of them, those that are not removed
};

// One (edge, lane, incarnation). Window rows of different contributors add.
struct Contributor {
  std::uint32_t id = 0;  // from 1, in the order of first HELLOs
  EdgeRecord* edge = nullptr;
  std::uint32_t lane = 0;
  Incarnation incarnation;
  std::uint64_t held = 0;   // highest revision
  bool is_partial = false;  // its latest rows were dropped for those of another incarnation
  bool ask_all = false;     // as of its last HELLO: something it had a receipt for is not here

  std::size_t window_rows = 0;  // not stored
};

// A value of table Roster::kEdges: all of an edge but its name and status. False: it does not decode.
bool decode(std::string_view value, EdgeRecord& edge);

// A value of table Roster::kContributors, whose key is the id.
struct StoredContributor {
  EdgeId edge;
  std::uint32_t lane = 0;
  Incarnation incarnation;
  std::uint64_t held = 0;
  bool is_partial = false, ask_all = false;
};
std::optional<StoredContributor> decode_contributor(std::string_view value);

class Roster {
 public:
  static constexpr std::string_view kEdges = "edges", kStatus = "edge_status", kContributors = "contributors";
  static constexpr std::size_t kMaxContributors = 256;  // of one edge; without rows the oldest go first

  explicit Roster(std::size_t max_edges) : max_edges_(max_edges) {}
  void set_max_edges(std::size_t max_edges) { max_edges_ = max_edges; }  // those that are known stay

  Result<void> load(const StoreReader& store);
  void take_changes(std::vector<RowChange>& changes);
  std::size_t dirty_bytes() const { return edge_rows_.bytes() + status_rows_.bytes() + contributor_rows_.bytes(); }

  // The contributor is its lane's current one from now on. Errors: limit_exceeded (edges, incarnations of one edge).
  Result<Contributor*> hello(const uplink::Hello& hello, Timestamp arrival);
  void set_partial(std::uint32_t contributor);
  void set_status(EdgeRecord& edge, uplink::Status status);
  void heard(EdgeRecord& edge, Timestamp arrival);
  void hold(Contributor& contributor, std::uint64_t revision);
  void refuse(EdgeRecord& edge, Refusal refusal, std::string in_words);

  EdgeRecord* find(const EdgeId& edge);
  const EdgeRecord* find(const EdgeId& edge) const;
  Contributor* find(const EdgeId& edge, std::uint32_t lane, const Incarnation& incarnation);
  const Contributor* find(const EdgeId& edge, std::uint32_t lane, const Incarnation& incarnation) const;
  Contributor* find(std::uint32_t id);
  bool is_current(const Contributor& contributor) const;

  const std::map<EdgeId, EdgeRecord>& edges() const { return edges_; }
  const std::map<std::uint32_t, Contributor>& contributors() const { return contributors_; }

 private:
  Result<Contributor*> add_contributor(EdgeRecord& edge, const uplink::Hello& hello);
  void changed(const EdgeRecord& edge);
  void changed(const Contributor& contributor);
  Result<void> load_contributors(const StoreReader& store);

  std::size_t max_edges_;
  std::map<EdgeId, EdgeRecord> edges_;
  std::map<std::uint32_t, Contributor> contributors_;  // by id
  std::map<std::tuple<EdgeId, std::uint32_t, Incarnation>, std::uint32_t> ids_;
  std::uint32_t last_id_ = 0;
  RowSet edge_rows_{kEdges}, status_rows_{kStatus}, contributor_rows_{kContributors};
};

}  // namespace doppel
