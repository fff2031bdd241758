// A whole coordinator and its edges over real ZeroMQ, with real journal, store and lane in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker_bridge/uplink/uplink_client.h"
#include "broker_bridge/uplink/uplink_server.h"
#include "coordinator/fleet_desk.h"
#include "coordinator/fleet_view.h"
#include "twin_store/lane/lane_thread.h"

namespace doppel {

inline constexpr auto kPatience = std::chrono::seconds(20);

// True as soon as `holds` is; false when patience ends.
inline bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

inline Incarnation life(std::uint8_t number) {
  Incarnation incarnation;
  incarnation.bytes.fill(number);
  return incarnation;
}

// Keeps the names of what was said.
class ListLog final : public Log {
 public:
  void write(LogLevel, std::string_view event, std::initializer_list<LogField>) override {
    const std::lock_guard lock(mutex_);
    ++events_[std::string(event)];
  }
  int count(const std::string& event) const {
    const std::lock_guard lock(mutex_);
    const auto at = events_.find(event);
    return at == events_.end() ? 0 : at->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> events_;
};

class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("doppel-uplink-" + std::to_string(::getpid()) + "-" + std::to_string(++number()))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string text() const { return path_.string(); }

 private:
  static int& number() {
    static int count = 0;
    return count;
  }
  std::filesystem::path path_;
};

template <class T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().message;
  return std::move(result).value();
}

// The parts in the order in which they start.
class CoordinatorNode {
 public:
  CoordinatorNode(const std::string& folder, uplink::ServerOptions options)
      : disk(must(open_system_disk(folder))),
        blobs(must(BlobStore::open(*disk, "blobs"))),
        opened(must(open_journal(*disk, "journal", clock, {.segment_bytes = 1u << 20, .boot_id = boot_id(), .program = "test"}))),
        journal(*opened.journal),
        fold(MergeLimits{}),
        store(must(open_store({.path = folder + "/store.db", .fold_tables = tables(), .program = "test"}))),
        delivery(must(DeliveryLog::open(*disk, "delivery"))),
        outbox(*delivery, {}, log),
        committer(journal, *store, outbox),
        lane({fold, journal, *store, outbox, committer, clock, log}, {}) {
    const auto recovered = lane.recover(opened.recovery, life(200));
    EXPECT_TRUE(recovered) << (recovered ? "" : recovered.error().message);
    const auto fail = [](const Error& error) { ADD_FAILURE() << error.message; };
    thread = std::make_unique<LaneThread>(lane, journal, outbox, LaneThread::Hooks{[] {}, fail});
    desk = std::make_unique<FleetDesk>(fold, [this](std::function<void()> question) {
      return thread->post([question = std::move(question)](Lane&) { question(); });
    });
    server = must(uplink::UplinkServer::start(std::move(options), {journal, *blobs, *desk, clock, log, [](const Error&) {}}));
  }
  ~CoordinatorNode() {
    server.reset();
    thread.reset();
    EXPECT_TRUE(journal.close());
  }

  // Asks the fold on the lane's thread.
  template <class T>
  T ask(std::function<T(const FleetView&)> question) {
    std::optional<T> answer;
    std::mutex mutex;
    EXPECT_TRUE(thread->post([&](Lane&) {
      auto value = question(FleetView(fold));
      const std::lock_guard lock(mutex);
      answer = std::move(value);
    }));
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex);
      return answer.has_value();
    }));
    const std::lock_guard lock(mutex);
    return std::move(*answer);
  }
  std::size_t twins() {
    return ask<std::size_t>([](const FleetView& view) {
      return view.twins({.edge = "", .prefix = "", .limit = 100'000, .after = ""})->items.size();
    });
  }
  std::optional<uplink::Status> status(const std::string& edge) {
    return ask<std::optional<uplink::Status>>([&](const FleetView& view) {
      const auto found = view.edge(EdgeId(edge), {});
      return found ? found->status : std::nullopt;
    });
  }
  bool is_connected(const std::string& edge) const {
    for (const auto& link : server->links()) {
      if (link.edge.text() == edge) return link.connected;
    }
    return false;
  }
  void want(const std::string& function, const std::string& module_sha256) {
    const auto payload = encode(DesiredChange{false, {FunctionName(function), "manifest", module_sha256}, {}});
    EXPECT_TRUE(journal.append({.kind = RecordKind::desired, .topic = kDesiredFunctionTopic, .payload = payload}));
  }

  SystemClock clock;
  ListLog log;
  std::unique_ptr<Disk> disk;
  std::unique_ptr<BlobStore> blobs;
  OpenedJournal opened;
  Journal& journal;
  MergeFold fold;
  std::unique_ptr<Store> store;
  std::unique_ptr<DeliveryLog> delivery;
  Outbox outbox;
  DirectCommitter committer;
  Lane lane;
  std::unique_ptr<LaneThread> thread;
  std::unique_ptr<FleetDesk> desk;
  std::unique_ptr<uplink::UplinkServer> server;

 private:
  std::vector<std::string> tables() const { return {fold.tables().begin(), fold.tables().end()}; }
};

class EdgeNode {
 public:
  EdgeNode(const std::string& name, const std::string& address, std::optional<uplink::ClientSecurity> security = {},
           std::uint8_t number = 1, std::uint64_t recovered_mark = 0) {
    uplink::ClientOptions options;
    options.address = address;
    options.security = std::move(security);
    options.identity = {EdgeId(name), "emea", "0.1.0", 0, life(number), recovered_mark, 0};
    incarnation = options.identity.incarnation;
    client = must(uplink::UplinkClient::start(std::move(options), events(), clock, log));
  }

  void put(const std::string& key, std::uint64_t revision, const std::string& payload) {
    OutboxRow row;
    row.key.incarnation = incarnation;
    row.kind = OutboxKind::replacement;
    row.target = key;
    row.revision = revision;
    row.payload = payload;
    EXPECT_TRUE(client->put(row));
  }
  bool delivered_all() const {
    const auto counters = client->counters();
    return counters.connected && counters.backlog_rows == 0;
  }
  // Reads what the events wrote.
  template <class T>
  T look(std::function<T()> read) const {
    const std::lock_guard lock(mutex);
    return read();
  }

  SystemClock clock;
  ListLog log;
  Incarnation incarnation;
  mutable std::mutex mutex;
  std::size_t receipts = 0;
  std::uint64_t superseded_by = 0;
  std::vector<uplink::Desired> desired;
  std::map<std::string, std::string> blobs;
  std::vector<std::string> failed_blobs;
  std::unique_ptr<uplink::UplinkClient> client;

 private:
  uplink::ClientEvents events() {
    uplink::ClientEvents events;
    events.acknowledged = [this](const Incarnation&, const std::vector<uplink::ReceiptItem>& items) {
      const std::lock_guard lock(mutex);
      receipts += items.size();
    };
    events.incarnation_superseded = [this](std::uint64_t held, std::uint64_t) {
      const std::lock_guard lock(mutex);
      superseded_by = held;
    };
    events.rows_wanted = [](uplink::RowsWanted) {};
    events.desired = [this](uplink::Desired wanted) {
      const std::lock_guard lock(mutex);
      desired.push_back(std::move(wanted));
    };
    events.blob = [this](const std::string& sha256, Result<std::string> content) {
      const std::lock_guard lock(mutex);
      if (content) {
        blobs[sha256] = std::move(*content);
      } else {
        failed_blobs.push_back(content.error().message);
      }
    };
    events.query = [](const uplink::Query& query, uplink::ClientEvents::Answer answer) {
      answer(200, "you asked for " + query.path);
    };
    return events;
  }
};

}  // namespace doppel
