#include "edge_runtime/programs/edge_uplink.h"

#include <sodium.h>

#include <algorithm>

namespace doppel {
namespace {

constexpr std::size_t kRowsAtOnce = 512;
constexpr Duration kStatusInterval = std::chrono::seconds(5);

OutboxRow receipt_row(const uplink::ReceiptItem& item) {
  OutboxRow row;
  row.kind = OutboxKind::replacement;
  row.target = item.key;
  row.revision = item.revision;
  return row;
}

Result<std::optional<uplink::ClientSecurity>> security_of(const EdgeConfig& config) {
  if (config.uplink.coordinator_key.empty()) return std::optional<uplink::ClientSecurity>();
  const std::string file = config.uplink.key_file.empty() ? config.data + "/uplink.key" : config.uplink.key_file;
  auto keys = uplink::load_or_make_curve_keys(file);
  if (!keys) return keys.error();
  return std::optional(uplink::ClientSecurity{std::move(*keys), config.uplink.coordinator_key});
}

}  // namespace

Result<std::unique_ptr<EdgeUplink>> EdgeUplink::start(const EdgeConfig& config, Parts parts) {
  auto security = security_of(config);
  if (!security) return security.error();
  std::unique_ptr<EdgeUplink> edge(new EdgeUplink(std::move(parts)));
  const Checkpoint& applied = edge->parts_.core.lane().applied();
  uplink::ClientOptions options;
  options.address = config.uplink.address;
  options.security = std::move(*security);
  options.identity = {EdgeId(config.name), config.region, program_version(), 0, applied.incarnation, to_number(edge->parts_.core.lane().recovered_mark()),
                      edge->parts_.core.outbox().highest_receipt()};
  uplink::ClientEvents events;
  EdgeUplink* self = edge.get();
  events.acknowledged = [self](const Incarnation&, const std::vector<uplink::ReceiptItem>& items) { self->acknowledged(items); };
  events.incarnation_superseded = [self](std::uint64_t held, std::uint64_t known) {
    self->parts_.log.warning("incarnation_superseded", {{"coordinator_holds", std::to_string(held)}, {"this_edge_knows", std::to_string(known)}});
    self->begin_incarnation();
  };
  events.rows_wanted = [self](uplink::RowsWanted which) { self->put_again(which); };
  events.desired = [self](uplink::Desired desired) { self->submit(uplink::reconcile_input::Wanted{std::move(desired)}); };
  events.blob = [self](const std::string& sha256, Result<std::string> content) {
    Result<void> outcome;
    if (!content) {
      outcome = content.error();
    } else if (auto kept = self->parts_.core.blobs().put(*content); !kept) {
      outcome = kept.error();
    }
    self->submit(uplink::reconcile_input::Fetched{sha256, std::move(outcome)});
  };
  events.query = self->parts_.query;
  auto client = uplink::UplinkClient::start(std::move(options), std::move(events), edge->parts_.core.clock(), edge->parts_.log);
  if (!client) return client.error();
  edge->client_ = std::move(*client);
  edge->told_incarnation_ = applied.incarnation;
  edge->parts_.core.outbox().on_ready(OutboxKind::replacement, [self] {
    std::lock_guard lock(self->mutex_);
    self->rows_ready_ = true;
    self->changed_.notify_one();
  });
  edge->thread_ = std::jthread([self](const std::stop_token& stop) { self->run(stop); });
  return edge;
}

EdgeUplink::EdgeUplink(Parts parts) : parts_(std::move(parts)) {}

EdgeUplink::~EdgeUplink() {
  parts_.core.outbox().on_ready(OutboxKind::replacement, nullptr);
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  client_.reset();
}

void EdgeUplink::after_batch() {
  const Checkpoint& applied = parts_.core.lane().applied();
  if (applied.incarnation != told_incarnation_) {
    told_incarnation_ = applied.incarnation;
    client_->begin_incarnation(applied.incarnation, to_number(applied.mark));
  }
  const std::uint64_t generation = parts_.pipeline.functions().generation();
  if (generation != told_generation_) {
    told_generation_ = generation;
    submit(uplink::reconcile_input::Active{active_functions()});
  }
  std::lock_guard lock(mutex_);
  if (!std::exchange(busy_, true)) changed_.notify_one();
}

void EdgeUplink::submit(uplink::ReconcileInput input) {
  std::lock_guard lock(mutex_);
  inbox_.push_back(std::move(input));
  changed_.notify_one();
}

void EdgeUplink::run(const std::stop_token& stop) {
  const Clock& clock = parts_.core.clock();
  Duration status_due = clock.monotonic();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    std::optional<Duration> wake = reconciler_.next_step();
    if (busy_) wake = std::min(wake.value_or(Duration::max()), status_due);
    const auto has_work = [this] { return !inbox_.empty() || rows_ready_; };
    const auto left = wake ? std::max(Duration(0), *wake - clock.monotonic()) : std::chrono::hours(1);
    changed_.wait_for(lock, stop, left, [&, was_busy = busy_] { return has_work() || busy_ != was_busy; });
    const bool rows = std::exchange(rows_ready_, false);
    const Duration now = clock.monotonic();
    const bool status = busy_ && now >= status_due;
    if (status) busy_ = false;
    std::deque<uplink::ReconcileInput> inputs;
    inputs.swap(inbox_);
    lock.unlock();
    if (rows) send_rows();
    for (auto& input : inputs) step(std::move(input));
    if (const auto due = reconciler_.next_step(); due && *due <= now) step(uplink::reconcile_input::Tick{});
    if (status || !inputs.empty()) {
      send_status();
      status_due = now + kStatusInterval;
    }
    lock.lock();
  }
}

void EdgeUplink::step(uplink::ReconcileInput input) {
  std::vector<uplink::ReconcileAction> actions;
  reconciler_.step(parts_.core.clock().monotonic(), std::move(input), actions);
  for (auto& action : actions) {
    std::visit([this](auto& each) { perform(each); }, action);
  }
}

void EdgeUplink::perform(uplink::reconcile_action::Fetch& action) {
  if (parts_.core.blobs().get(action.sha256)) {
    submit(uplink::reconcile_input::Fetched{action.sha256, {}});
  } else {
    client_->fetch_blob(action.sha256);
  }
}

void EdgeUplink::perform(uplink::reconcile_action::Forget& action) { client_->forget_blob(action.sha256); }

void EdgeUplink::perform(uplink::reconcile_action::Validate& action) {
  const auto& wanted = action.function;
  Result<void> outcome;
  const auto module = parts_.core.blobs().get(wanted.module_sha256);
  if (!module) {
    outcome = module.error();
  } else if (auto valid = parts_.installer.check(wanted.name.text(), wanted.manifest, *module); !valid) {
    outcome = valid.error();
  }
  submit(uplink::reconcile_input::Validated{wanted.name.text(), wanted.module_sha256, std::move(outcome)});
}

void EdgeUplink::perform(uplink::reconcile_action::Activate& action) {
  const auto& wanted = action.function;
  const auto position = parts_.installer.activate_stored(wanted.name.text(), wanted.manifest, wanted.module_sha256, Origin::fleet);
  submit(uplink::reconcile_input::Journaled{wanted.name.text(), position ? Result<void>() : Result<void>(position.error())});
}

void EdgeUplink::perform(uplink::reconcile_action::Remove& action) {
  const auto position = parts_.installer.remove(action.name, Origin::fleet);
  submit(uplink::reconcile_input::Journaled{action.name, position ? Result<void>() : Result<void>(position.error())});
}

void EdgeUplink::send_rows() {
  Outbox& outbox = parts_.core.outbox();
  for (auto rows = outbox.take(OutboxKind::replacement, kRowsAtOnce); !rows.empty(); rows = outbox.take(OutboxKind::replacement, kRowsAtOnce)) {
    for (const auto& row : rows) {
      const auto put = client_->put(row);
      if (put) continue;
      // A row that no message can carry would be refused again: it is given up by name.
      parts_.log.error("uplink_row_refused", {{"reason", put.error().message}});
      static_cast<void>(outbox.delivered(row));
    }
  }
}

void EdgeUplink::send_status() {
  uplink::Status status = reconciler_.status();
  status.node = parts_.node_status();
  client_->set_status(std::move(status));
}

std::vector<uplink::ActiveFunction> EdgeUplink::active_functions() const {
  std::vector<uplink::ActiveFunction> active;
  const FunctionSet& functions = parts_.pipeline.functions();
  for (FunctionSet::Number i = 0; i < functions.size(); ++i) {
    const auto& function = functions[i];
    uplink::ActiveFunction& out = active.emplace_back();
    out.name = function.name();
    out.version = function.manifest.version;
    out.manifest = function.activation.manifest;
    out.module_sha256 = function.activation.module_sha256;
    out.from_fleet = function.activation.origin == Origin::fleet;
  }
  return active;
}

void EdgeUplink::acknowledged(const std::vector<uplink::ReceiptItem>& items) {
  for (const auto& item : items) {
    if (auto noted = parts_.core.outbox().delivered(receipt_row(item)); !noted) fail_stop(parts_.log, noted.error().message);
  }
}

void EdgeUplink::put_again(uplink::RowsWanted which) {
  Outbox& outbox = parts_.core.outbox();
  const auto recall = [this, &outbox] {
    outbox.recall_replacements();
    std::lock_guard lock(mutex_);
    rows_ready_ = true;
    changed_.notify_one();
  };
  if (which == uplink::RowsWanted::unacknowledged) return recall();
  outbox.forget_receipts();
  parts_.core.post([this, recall, &outbox](Lane& lane) {
    auto rows = parts_.pipeline.retained_rows(lane.applied().incarnation, lane.applied().mark);
    outbox.add(rows, parts_.core.journal().last());  // nothing leaves before its cause is on disk
    recall();
  });
}

void EdgeUplink::begin_incarnation() {
  Incarnation fresh;
  randombytes_buf(fresh.bytes.data(), fresh.bytes.size());
  parts_.core.post([this, fresh](Lane& lane) {
    if (auto begun = lane.begin_incarnation(fresh); !begun) fail_stop(parts_.log, begun.error().message);
  });
}

}  // namespace doppel
