#include "edge_runtime/member/fleet_member.h"

#include <algorithm>
#include <utility>

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

}  // namespace

FleetMember::FleetMember(Parts parts, Calls calls, const Incarnation& incarnation)
    : parts_(std::move(parts)), calls_(std::move(calls)), status_due_(parts_.clock.monotonic()), told_incarnation_(incarnation) {
  parts_.outbox.on_ready(OutboxKind::replacement, [this] { send_again(); });
}

FleetMember::~FleetMember() { parts_.outbox.on_ready(OutboxKind::replacement, nullptr); }

uplink::EdgeIdentity FleetMember::identity(const std::string& edge, const std::string& region, const std::string& program, const Lane& lane,
                                           const Outbox& outbox) {
  return {EdgeId(edge), region, program, 0, lane.applied().incarnation, to_number(lane.recovered_mark()), outbox.highest_receipt()};
}

void FleetMember::after_batch(const Checkpoint& applied) {
  if (applied.incarnation != told_incarnation_) {
    told_incarnation_ = applied.incarnation;
    port_->begin_incarnation(applied.incarnation, to_number(applied.mark));
  }
  if (parts_.outbox.lacks_replacements()) {
    add_retained_rows(applied);
    parts_.outbox.has_replacements_again();
  }
  const std::uint64_t generation = parts_.pipeline.functions().generation();
  if (generation != told_generation_) {
    told_generation_ = generation;
    submit(uplink::reconcile_input::Active{active_functions()});
  }
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(busy_, true)) return;
  }
  calls_.wake();
}

void FleetMember::acknowledged(const std::vector<uplink::ReceiptItem>& items) {
  for (const auto& item : items) {
    if (auto noted = parts_.outbox.delivered(receipt_row(item)); !noted) calls_.fail_stop(noted.error());
  }
}

void FleetMember::superseded(std::uint64_t held, std::uint64_t known) {
  parts_.log.warning("incarnation_superseded", {{"coordinator_holds", std::to_string(held)}, {"this_edge_knows", std::to_string(known)}});
  calls_.post([this, fresh = calls_.fresh_incarnation()](Lane& lane) {
    if (auto begun = lane.begin_incarnation(fresh); !begun) calls_.fail_stop(begun.error());
  });
}

void FleetMember::rows_wanted(uplink::RowsWanted which) {
  const auto recall = [this] {
    parts_.outbox.recall_replacements();
    send_again();
  };
  if (which == uplink::RowsWanted::unacknowledged) return recall();
  parts_.outbox.forget_receipts();
  calls_.post([this, recall](Lane& lane) {
    add_retained_rows(lane.applied());
    recall();
  });
}

void FleetMember::add_retained_rows(const Checkpoint& applied) {
  auto rows = parts_.pipeline.retained_rows(applied.incarnation, applied.mark);
  parts_.outbox.add(rows, parts_.journal.last());  // nothing leaves before its cause is on disk
}

void FleetMember::desired(uplink::Desired desired) { submit(uplink::reconcile_input::Wanted{std::move(desired)}); }

void FleetMember::blob(const std::string& sha256, Result<std::string> content) {
  Result<void> outcome;
  if (!content) {
    outcome = content.error();
  } else if (auto kept = parts_.blobs.put(*content); !kept) {
    outcome = kept.error();
  }
  submit(uplink::reconcile_input::Fetched{sha256, std::move(outcome)});
}

std::optional<Duration> FleetMember::turn() {
  const Duration now = parts_.clock.monotonic();
  std::unique_lock lock(mutex_);
  const bool rows = std::exchange(rows_ready_, false);
  const bool status = busy_ && now >= status_due_;
  if (status) busy_ = false;
  std::deque<uplink::ReconcileInput> inputs;
  inputs.swap(inbox_);
  lock.unlock();
  if (rows) send_rows();
  for (auto& input : inputs) step(std::move(input));
  if (const auto due = reconciler_.next_step(); due && *due <= now) step(uplink::reconcile_input::Tick{});
  if (status || !inputs.empty()) {
    send_status();
    status_due_ = now + kStatusInterval;
  }
  lock.lock();
  if (!inbox_.empty() || rows_ready_) return now;
  auto wake = reconciler_.next_step();
  if (busy_) wake = std::min(wake.value_or(Duration::max()), status_due_);
  return wake;
}

void FleetMember::submit(uplink::ReconcileInput input) {
  {
    std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(input));
  }
  calls_.wake();
}

void FleetMember::step(uplink::ReconcileInput input) {
  std::vector<uplink::ReconcileAction> actions;
  reconciler_.step(parts_.clock.monotonic(), std::move(input), actions);
  for (auto& action : actions) {
    std::visit([this](auto& each) { perform(each); }, action);
  }
}

void FleetMember::perform(uplink::reconcile_action::Fetch& action) {
  if (parts_.blobs.get(action.sha256)) {
    submit(uplink::reconcile_input::Fetched{action.sha256, {}});
  } else {
    port_->fetch_blob(action.sha256);
  }
}

void FleetMember::perform(uplink::reconcile_action::Forget& action) { port_->forget_blob(action.sha256); }

void FleetMember::perform(uplink::reconcile_action::Validate& action) {
  const auto& wanted = action.function;
  const auto module = parts_.blobs.get(wanted.module_sha256);
  auto outcome = module ? calls_.check(wanted, *module, action.others) : Result<void>(module.error());
  submit(uplink::reconcile_input::Validated{wanted.name.text(), wanted.module_sha256, std::move(outcome)});
}

void FleetMember::perform(uplink::reconcile_action::Activate& action) {
  submit(uplink::reconcile_input::Journaled{action.function.name.text(), calls_.activate(action.function)});
}

void FleetMember::perform(uplink::reconcile_action::Remove& action) {
  submit(uplink::reconcile_input::Journaled{action.name, calls_.remove(action.name)});
}

void FleetMember::send_rows() {
  Outbox& outbox = parts_.outbox;
  for (auto rows = outbox.take(OutboxKind::replacement, kRowsAtOnce); !rows.empty(); rows = outbox.take(OutboxKind::replacement, kRowsAtOnce)) {
    for (const auto& row : rows) {
      const auto put = port_->put(row);
      if (put) continue;
      // A row that no message can carry would be refused again: it is given up by name.
      parts_.log.error("uplink_row_refused", {{"reason", put.error().message}});
      if (auto noted = outbox.delivered(row); !noted) calls_.fail_stop(noted.error());
    }
  }
}

void FleetMember::send_status() {
  uplink::Status status = reconciler_.status();
  status.node = calls_.node_status();
  status.dropped_rows = parts_.outbox.counts().dropped_of(OutboxKind::replacement);
  port_->set_status(std::move(status));
}

void FleetMember::send_again() {
  {
    std::lock_guard lock(mutex_);
    rows_ready_ = true;
  }
  calls_.wake();
}

std::vector<uplink::ActiveFunction> FleetMember::active_functions() const {
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
    out.condition = function.condition();
    out.reason = function.why_unavailable();
  }
  return active;
}

}  // namespace doppel
