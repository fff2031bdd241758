#include "tests/simulation/edge.h"

#include <utility>

#include "edge_runtime/pipeline/set_property.h"
#include "tests/simulation/bounds.h"

namespace doppel::simulation {
namespace {

constexpr Duration kReconnect = std::chrono::milliseconds(300);
constexpr Duration kPatience = std::chrono::seconds(10);
constexpr std::size_t kPublishAtOnce = 4;

}  // namespace

SimEdge::SimEdge(World& world, SimBroker& broker, NodeOptions node, EdgeOptions options, SendUp send_up)
    : Node(world, std::move(node)), broker_(broker), edge_(std::move(options)), send_up_(std::move(send_up)) {}

SimEdge::~SimEdge() { disk().freeze(); }

Fold& SimEdge::make_fold() {
  loader_ = std::make_unique<SimLoader>(*process().blobs);
  pipeline_ = std::make_unique<Pipeline>(*loader_);
  return *pipeline_;
}

Result<void> SimEdge::start() {
  has_stopped_ = is_receiving_ = false;
  auto& parts = process();
  configured_with_ = to_json(edge_.pipeline);
  if (pipeline_->config_text() != configured_with_) {
    const auto position = parts.journal->append({.kind = RecordKind::configuration, .payload = configured_with_});
    if (!position) return position.error();
  }
  IntakeOptions intake;
  intake.patience = kPatience;
  intake_ = std::make_unique<Intake>(intake, *parts.journal, Waiting{clock(), [this](Duration time) { sleep(time); }},
                                     [this](const std::string& reason) { fail_stop(reason); }, counters_);
  parts.outbox->on_ready(OutboxKind::publish, [this] { later(Duration(0), [this] { publish_ready(); }); });
  parts.outbox->on_ready(OutboxKind::http_reply, [this] { later(Duration(0), [this] { reply_ready(); }); });
  look_for_old_disk();
  start_uplink();
  session_ = pipeline_->redelivery().last_session(0);
  later(Duration(0), [this] {
    publish_ready();
    reply_ready();
    connect();
  });
  return {};
}

bool SimEdge::has_settled() {
  return is_up() && broker_.is_idle(edge_.number) && unanswered_.empty() && uplink_->counters().connected && uplink_->counters().backlog_rows == 0 &&
         process().outbox->counts().undelivered == 0;
}

std::string SimEdge::what_waits() {
  if (!is_up()) return "it is down";
  std::string waiting = std::to_string(unanswered_.size()) + " publications, " + std::to_string(uplink_->counters().backlog_rows) + " rows in the backlog";
  const auto counts = process().outbox->counts();
  for (std::size_t kind = 0; kind < kOutboxKinds; ++kind) {
    if (const auto rows = counts.undelivered_by_kind[kind]; rows > 0) waiting += ", " + std::to_string(rows) + " " + std::string(to_string(static_cast<OutboxKind>(kind)));
  }
  if (!broker_.is_idle(edge_.number)) waiting += ", messages";
  if (!uplink_->counters().connected) waiting += ", no session";
  return waiting;
}

void SimEdge::after_batch() {
  member_->after_batch(process().lane->applied());
  check_edge_bounds(name(), *pipeline_, uplink_->counters(), edge_.backlog);
}

void SimEdge::stop_sources() {
  has_stopped_ = true;
  if (connection_ != 0) broker_.disconnect(edge_.number, std::exchange(connection_, 0));
}

void SimEdge::end() {
  if (connection_ != 0) broker_.disconnect(edge_.number, std::exchange(connection_, 0));
  waiting_.clear();
  unanswered_.clear();
  member_.reset();
  uplink_.reset();
  intake_.reset();
  // The lane, which borrows the pipeline, goes first.
  process().lane.reset();
  process().committer.reset();
  pipeline_.reset();
  loader_.reset();
}

void SimEdge::connect() {
  if (has_stopped_ || connection_ != 0) return;
  ++session_;
  waiting_.clear();
  SimBroker::Receiver receiver;
  receiver.message = [this, life = processes()](const Publication& publication, const Delivery& delivery) {
    if (!is_up() || life != processes()) return;
    waiting_.emplace_back(publication, delivery);
    if (is_receiving_) return;  // its thread is in the callback of an earlier one
    run([this] {
      while (!waiting_.empty()) {
        const auto [next, how] = std::move(waiting_.front());
        waiting_.pop_front();
        receive(next, how);
      }
    });
  };
  receiver.lost = [this, life = processes()] {
    if (is_up() && life == processes()) lost();
  };
  connection_ = broker_.connect(edge_.number, std::move(receiver));
  if (connection_ == 0) return later(kReconnect, [this] { connect(); });
  publish_ready();
}

// What was published and has no answer is published again.
void SimEdge::lost() {
  connection_ = 0;
  for (auto& row : std::exchange(unanswered_, {})) process().outbox->put_back(row.second);
  later(kReconnect, [this] { connect(); });
}

// The callback of the MQTT library: its return is the PUBACK.
void SimEdge::receive(const Publication& publication, Delivery delivery) {
  is_receiving_ = true;
  const auto connection = connection_;
  if (options().mutation == Mutation::acknowledge_first && delivery.qos > 0) broker_.acknowledge(edge_.number, connection, delivery.packet_id);
  intake_->take({delivery, publication.topic, publication.payload, {}, false, {}}, session_);
  is_receiving_ = false;
  if (disk().is_frozen()) throw ProcessEnded();
  if (delivery.qos > 0) broker_.acknowledge(edge_.number, connection, delivery.packet_id);
}

void SimEdge::publish_ready() {
  if (connection_ == 0) return;
  for (auto& row : process().outbox->take(OutboxKind::publish, kPublishAtOnce - std::min(kPublishAtOnce, unanswered_.size()))) {
    auto key = row.key;
    if (options().mutation == Mutation::reuse_key) key.ordinal = 0;
    const auto id = to_string(key);
    broker_.publish(edge_.number, connection_, id, row.target, row.payload, [this, row, life = processes()] {
      if (life == processes()) run([&] { published(row); });
    });
    unanswered_.emplace(to_string(row.key), row);
  }
}

void SimEdge::reply_ready() {
  for (auto& row : process().outbox->take(OutboxKind::http_reply, 100)) {
    if (auto noted = process().outbox->delivered(row); !noted) fail_stop(noted.error().message);
  }
}

void SimEdge::published(const OutboxRow& row) {
  unanswered_.erase(to_string(row.key));
  if (auto noted = process().outbox->delivered(row); !noted) fail_stop(noted.error().message);
  publish_ready();
}

void SimEdge::set_property(const std::string& twin, const std::string& property, std::int64_t value) {
  if (!is_up()) return;
  run([&] {
    std::string payload;
    encode(SetProperty{"request", property, Value(ValueView::of(value)), std::nullopt}, payload);
    const auto position = process().journal->append({.kind = RecordKind::set_property, .topic = twin, .payload = payload});
    must(position ? Result<void>() : Result<void>(position.error()));
  });
}

// As FunctionInstaller does it: the module is on the disk before the record that names it.
void SimEdge::install(const SimFunction& function) {
  if (!is_up()) return;
  run([&] {
    if (auto kept = process().blobs->put(function.module); !kept) fail_stop(kept.error().message);
    must(append(function.name, {.removed = false, .origin = Origin::local, .manifest = function.manifest, .module_sha256 = function.module_sha256()}));
  });
}

void SimEdge::remove(const std::string& function) {
  if (!is_up()) return;
  run([&] { must(append(function, {.removed = true, .origin = Origin::local, .manifest = {}, .module_sha256 = {}})); });
}

Result<void> SimEdge::append(const std::string& function, const Activation& activation) {
  std::string payload;
  encode(activation, payload);
  const auto position = process().journal->append({.kind = RecordKind::activation, .topic = function, .payload = payload});
  return position ? Result<void>() : Result<void>(position.error());
}

// A caller over HTTP is told of a failure; a journal that cannot write any more ends the process.
void SimEdge::must(const Result<void>& done) {
  if (!done && done.error().code != ErrorCode::limit_exceeded) fail_stop(done.error().message);
}

}  // namespace doppel::simulation
