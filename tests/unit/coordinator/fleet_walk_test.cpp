// Edges and a coordinator over a network that loses, repeats and reorders, with restarts of either side, power cuts of the
// coordinator, and card images put back: once it is quiet the coordinator has exactly what the edges have.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>

#include "broker_bridge/uplink/uplink_coordinator.h"
#include "broker_bridge/uplink/uplink_edge.h"
#include "tests/unit/coordinator/merge_fixture.h"

namespace doppel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Weather {
  double loss = 0, repeat = 0, reorder = 0;
};

// Frames on their way in one direction.
class Wire {
 public:
  struct Frame {
    std::string peer, bytes;
  };
  Wire(std::mt19937_64& random, const Weather& weather) : random_(random), weather_(weather) {}
  void send(std::string peer, std::string bytes) {
    if (chance(weather_.loss)) return;
    if (chance(weather_.repeat)) frames_.push_back({peer, bytes});
    frames_.push_back({std::move(peer), std::move(bytes)});
  }
  std::optional<Frame> next() {
    if (frames_.empty()) return std::nullopt;
    const auto at = frames_.begin() + static_cast<std::ptrdiff_t>(chance(weather_.reorder) ? random_() % frames_.size() : 0);
    auto frame = std::move(*at);
    frames_.erase(at);
    return frame;
  }
  void cut() { frames_.clear(); }

 private:
  bool chance(double probability) { return std::uniform_real_distribution(0.0, 1.0)(random_) < probability; }
  std::mt19937_64& random_;
  const Weather& weather_;
  std::deque<Frame> frames_;
};

// What an edge keeps on its card: its rows, the mark they are at, and the delivery log.
struct Card {
  Incarnation incarnation;
  std::uint64_t mark = 0;
  std::map<std::string, Aggregate> windows;
  std::map<std::string, std::pair<std::uint64_t, std::string>> rows;  // key -> revision, payload
  std::map<std::string, std::uint64_t> acknowledged;
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), up_(random_, weather_), down_(random_, weather_) {
    for (const char* name : {"north", "south", "west"}) {
      auto& edge = edges_[name];
      edge.name = name;
      edge.card.incarnation = fresh_incarnation();
      start(edge);
    }
    restart_coordinator();
  }

  void storm(int steps) {
    weather_ = {0.05, 0.05, 0.2};
    for (int i = 0; i < steps; ++i) {
      for (auto& [name, edge] : edges_) observe(edge);
      step();
      const auto dice = random_() % 400;
      auto& edge = std::next(edges_.begin(), static_cast<std::ptrdiff_t>(random_() % edges_.size()))->second;
      if (dice < 4) start(edge);
      if (dice == 4) edge.image = edge.card;
      if (dice == 5 && edge.image) {
        edge.card = *edge.image;
        start(edge);
      }
      if (dice == 6) power_cut();
      if (dice == 7) restart_coordinator();
      if (dice == 8) commit();
    }
  }
  void calm() {
    weather_ = {};
    for (int i = 0; i < 1'000; ++i) step();
  }

  void expect_agreement() {
    Aggregate everything;
    for (auto& [name, edge] : edges_) {
      EXPECT_EQ(edge.core->counters().backlog_rows, 0u) << name;
      EXPECT_TRUE(edge.core->counters().connected) << name;
      const auto* contributor = fold_->roster().find(EdgeId(name), 0, edge.card.incarnation);
      ASSERT_NE(contributor, nullptr) << name;
      std::map<std::string, std::pair<std::uint64_t, std::string>> held;
      for (const auto& [key, row] : fold_->windows().rows()) {
        for (const auto& part : row.parts) {
          if (part.from == contributor) held[window_key(key)] = {part.revision, part.payload};
        }
      }
      for (const auto& [key, row] : fold_->latest().rows()) {
        if (key.edge.text() == name) held[key.key] = {row.revision, row.payload};
      }
      EXPECT_EQ(held, edge.card.rows) << name;
    }
    // The merge is the sum of all parts, of every incarnation, in the order of the edges.
    for (const auto& [key, row] : fold_->windows().rows()) {
      Aggregate expected;
      for (const auto& part : row.parts) expected.merge(*Aggregate::decode(part.payload));
      WindowFilter filter;
      filter.window = key.window;
      filter.property = key.property;
      filter.from = from_nanoseconds(key.start_ns);
      filter.to = from_nanoseconds(key.start_ns + 1);
      const auto page = FleetView(*fold_).windows(filter);
      ASSERT_EQ(page->items.size(), 1u);
      EXPECT_EQ(bytes_of(page->items[0].sum.aggregate()), bytes_of(expected));
    }
  }

  // The journal alone, in batches of other sizes, gives the same tables as all those restarts.
  void expect_same_tables_from_a_replay() {
    commit();
    MergeFold fresh{MergeLimits{}};
    MemoryStore store;
    ASSERT_TRUE(fresh.load(store));
    apply(fresh, 0, journal_.size());
    store.commit(fresh);
    EXPECT_EQ(store.tables(), store_.tables());
  }

  std::uint64_t superseded() const { return superseded_; }

 private:
  struct Edge {
    std::string name;
    Card card;
    std::optional<Card> image;
    std::unique_ptr<uplink::UplinkEdge> core;
    std::string peer;
    std::uint64_t starts = 0;
  };
  struct Entry {
    std::string topic, payload;
    Timestamp arrival;
  };

  Incarnation fresh_incarnation() { return life(++lives_); }

  // Observes something, and runs the batch of it: a window, a twin and an alert change.
  void observe(Edge& edge) {
    if (random_() % 4 != 0) return;
    auto& card = edge.card;
    ++card.mark;
    const auto key = window_key(window(static_cast<int>(random_() % 30)));
    card.windows[key].add({static_cast<double>(random_() % 1'000), wall(), hash64(edge.name), card.mark});
    put(edge, key, bytes_of(card.windows[key]));
    if (random_() % 3 == 0) put(edge, "ttwin" + std::to_string(random_() % 10), "{\"rev\":" + std::to_string(card.mark) + "}");
    if (random_() % 9 == 0) put(edge, std::string("ap\0a", 4) + std::to_string(random_() % 3), random_() % 2 == 0 ? "" : "{}");
  }
  void put(Edge& edge, const std::string& key, std::string payload) {
    edge.card.rows[key] = {edge.card.mark, std::move(payload)};
    hand_over(edge, key);
  }
  void hand_over(Edge& edge, const std::string& key) {
    const auto& [revision, payload] = edge.card.rows.at(key);
    OutboxRow row;
    row.key.incarnation = edge.card.incarnation;
    row.kind = OutboxKind::replacement;
    row.revision = revision;
    row.target = key;
    row.payload = payload;
    ASSERT_TRUE(edge.core->put(now_, row));
  }
  void hand_over_unacknowledged(Edge& edge) {
    for (const auto& [key, row] : edge.card.rows) {
      const auto receipt = edge.card.acknowledged.find(key);
      if (receipt == edge.card.acknowledged.end() || receipt->second < row.first) hand_over(edge, key);
    }
  }

  // The process of an edge begins anew with what is on its card: another connection.
  void start(Edge& edge) {
    std::uint64_t highest = 0;
    for (const auto& [key, revision] : edge.card.acknowledged) highest = std::max(highest, revision);
    edge.peer = edge.name + "#" + std::to_string(++edge.starts);
    edge.core = std::make_unique<uplink::UplinkEdge>(
        uplink::EdgeIdentity{EdgeId(edge.name), "emea", "0.1.0", 0, edge.card.incarnation, edge.card.mark, highest},
        uplink::BacklogLimits{.rows = 30, .bytes = 1u << 20});
    hand_over_unacknowledged(edge);
  }

  void into(Edge& edge, uplink::EdgeInput input) {
    std::vector<uplink::EdgeAction> actions;
    edge.core->step(now_, std::move(input), actions);
    for (auto& action : actions) {
      if (auto* sent = std::get_if<uplink::edge_action::Send>(&action)) {
        up_.send(edge.peer, sent->bytes);
      } else if (auto* receipts = std::get_if<uplink::edge_action::Acknowledged>(&action)) {
        for (const auto& item : receipts->items) {
          auto& known = edge.card.acknowledged[item.key];
          known = std::max(known, item.revision);
        }
      } else if (std::holds_alternative<uplink::edge_action::IncarnationSuperseded>(action)) {
        begin_incarnation(edge);
      } else if (const auto* wanted = std::get_if<uplink::edge_action::WantRows>(&action)) {
        if (wanted->which == uplink::RowsWanted::all) edge.card.acknowledged.clear();
        hand_over_unacknowledged(edge);
      }
    }
  }

  // Window rows start empty; what stands for itself is the edge's to say again.
  void begin_incarnation(Edge& edge) {
    ++superseded_;
    auto& card = edge.card;
    card.incarnation = fresh_incarnation();
    card.windows.clear();
    std::erase_if(card.rows, [](const auto& item) { return item.first.front() == kWindowRowKey; });
    ++card.mark;
    for (auto& [key, row] : card.rows) row.first = card.mark;
    into(edge, uplink::edge_input::BeginIncarnation{card.incarnation, card.mark - 1});
  }

  void into_coordinator(uplink::CoordinatorInput input) {
    std::vector<uplink::CoordinatorAction> actions;
    sessions_->step(now_, std::move(input), actions);
    for (auto& action : actions) {
      if (auto* sent = std::get_if<uplink::coordinator_action::Send>(&action)) {
        down_.send(sent->peer, sent->bytes);
      } else if (auto* append = std::get_if<uplink::coordinator_action::Append>(&action)) {
        journal_.push_back({append->edge.text(), append->bytes, wall()});
        into_coordinator(uplink::coordinator_input::Journaled{append->ticket, Position{journal_.size()}});
      } else if (auto* look_up = std::get_if<uplink::coordinator_action::LookUp>(&action)) {
        auto standing = fold_->standing_of(look_up->hello, look_up->position);
        into_coordinator(uplink::coordinator_input::LookedUp{look_up->peer, look_up->session, std::move(standing)});
      }
    }
  }

  void step() {
    now_ += milliseconds(random_() % 100);
    for (auto n = random_() % 6; n > 0; --n) {
      if (const auto frame = up_.next()) into_coordinator(uplink::coordinator_input::Received{frame->peer, std::nullopt, frame->bytes});
      if (const auto frame = down_.next()) {
        for (auto& [name, edge] : edges_) {
          if (edge.peer == frame->peer) into(edge, uplink::edge_input::Received{frame->bytes});
        }
      }
    }
    for (auto& [name, edge] : edges_) into(edge, uplink::edge_input::Tick{});
    into_coordinator(uplink::coordinator_input::Tick{});
    if (random_() % 3 == 0) apply_some();
    if (random_() % 5 == 0) {
      synced_ = journal_.size();
      into_coordinator(uplink::coordinator_input::Synced{Position{synced_}});
    }
  }

  void apply(MergeFold& fold, std::size_t from, std::size_t to) {
    while (from < to) {
      const auto count = std::min<std::size_t>(to - from, 1 + random_() % 8);
      std::vector<Record> records;
      for (auto i = from; i < from + count; ++i) {
        Record record;
        record.position = Position{i + 1};
        record.kind = RecordKind::uplink;
        record.arrival = journal_[i].arrival;
        record.topic = journal_[i].topic;
        record.payload = journal_[i].payload;
        records.push_back(record);
      }
      BatchOutput output;
      ASSERT_TRUE(fold.apply({life(255), Epoch::first, Position{from + count + 1}, records, {}}, output));
      from += count;
    }
  }
  void apply_some() {
    const auto to = std::min(journal_.size(), applied_ + random_() % 30);
    apply(*fold_, applied_, to);
    applied_ = to;
  }

  // The journal is synced before every commit.
  void commit() {
    synced_ = journal_.size();
    apply(*fold_, applied_, journal_.size());
    applied_ = committed_ = journal_.size();
    store_.commit(*fold_);
  }
  void power_cut() {
    journal_.resize(std::max(synced_, committed_));
    restart_coordinator();
  }
  void restart_coordinator() {
    up_.cut();
    down_.cut();
    fold_ = std::make_unique<MergeFold>(MergeLimits{});
    ASSERT_TRUE(fold_->load(store_));
    apply(*fold_, committed_, journal_.size());
    applied_ = journal_.size();
    sessions_ = std::make_unique<uplink::UplinkCoordinator>(uplink::CoordinatorOptions{.program = "0.1.0", .window = 3});
  }

  Timestamp wall() const { return kNoon + std::chrono::hours(1) + now_; }

  std::mt19937_64 random_;
  Weather weather_;
  Duration now_{seconds(1'000)};
  std::uint8_t lives_ = 0;
  std::uint64_t superseded_ = 0;
  std::map<std::string, Edge> edges_;
  Wire up_, down_;
  std::vector<Entry> journal_;
  std::size_t synced_ = 0, applied_ = 0, committed_ = 0;
  MemoryStore store_;
  std::unique_ptr<MergeFold> fold_;
  std::unique_ptr<uplink::UplinkCoordinator> sessions_;
};

TEST(FleetWalk, Whatever_was_lost_repeated_or_restarted_the_coordinator_ends_with_what_the_edges_have) {
  std::uint64_t superseded = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int round = 0; round < 2; ++round) {
      world.storm(1'000);
      world.calm();
      world.expect_agreement();
      if (testing::Test::HasFailure()) return;
    }
    world.expect_same_tables_from_a_replay();
    superseded += world.superseded();
  }
  EXPECT_GT(superseded, 0u) << "the walk is to meet restored card images";
}

}  // namespace
}  // namespace doppel
