#include "broker_bridge/uplink/reconciler.h"

#include <algorithm>
#include <utility>

namespace doppel::uplink {
namespace {

constexpr int kMostDoublings = 7;       // of the pause between activations
constexpr std::size_t kReason = 256;  // characters of a reason that go up

bool is_passing(const Error& error) { return error.code == ErrorCode::unavailable || error.code == ErrorCode::not_found; }

bool runs(const ActiveFunction* active, const DesiredFunction& wanted) {
  return active != nullptr && active->from_fleet && !active->is_unavailable() && active->manifest == wanted.manifest &&
         active->module_sha256 == wanted.module_sha256;
}

}  // namespace

void Reconciler::step(Duration now, ReconcileInput input, std::vector<ReconcileAction>& actions) {
  now_ = now;
  actions_ = &actions;
  std::visit([this](auto& each) { handle(each); }, input);
  actions_ = nullptr;
}

std::optional<Duration> Reconciler::next_step() const {
  std::optional<Duration> next;
  for (const auto& [name, work] : work_) {
    if (work.retry_at) next = next ? std::min(*next, *work.retry_at) : *work.retry_at;
  }
  return next;
}

Status Reconciler::status() const {
  static constexpr const char* kStages[] = {"fetching", "validating", "activating", "active", "removing", "refused"};
  Status status;
  status.generation = desired_ ? desired_->generation : 0;
  std::map<std::string, FunctionStatus> functions;
  for (const auto& [name, function] : active_) {
    functions[name] = {name, function.version, function.module_sha256, function.from_fleet,
                       function.condition, function.reason.substr(0, kReason)};
  }
  for (const auto& [name, work] : work_) {
    if (work.stage == Stage::done) continue;
    auto& function = functions.try_emplace(name, FunctionStatus{name, "", work.wanted.module_sha256, true, "", ""}).first->second;
    if (function.state == "unavailable" && function.module_sha256 == work.wanted.module_sha256) continue;
    function.state = kStages[static_cast<std::size_t>(work.stage)];
    function.reason = work.reason.substr(0, kReason);
  }
  for (auto& [name, function] : functions) {
    if (status.functions.size() < kMaxFunctions) status.functions.push_back(std::move(function));
  }
  return status;
}

void Reconciler::handle(reconcile_input::Tick&) {
  for (auto& [name, work] : work_) {
    if (!work.retry_at || now_ < *work.retry_at) continue;
    work.retry_at.reset();
    if (work.stage == Stage::removing) {
      act(reconcile_action::Remove{name});
    } else {
      start(work, DesiredFunction(work.wanted));
    }
  }
}

void Reconciler::handle(reconcile_input::Wanted& input) {
  desired_ = std::move(input.desired);
  compare();
}

void Reconciler::handle(reconcile_input::Active& input) {
  active_.clear();
  for (auto& function : input.functions) active_.emplace(function.name, function);
  knows_active_ = true;
  compare();
}

void Reconciler::handle(reconcile_input::Fetched& input) {
  for (auto& [name, work] : work_) {
    if (work.stage != Stage::fetching || work.wanted.module_sha256 != input.sha256) continue;
    if (!input.outcome) {
      fail(work, input.outcome.error());
      continue;
    }
    work.stage = Stage::validating;
    act(reconcile_action::Validate{work.wanted, others(name)});
  }
}

void Reconciler::handle(reconcile_input::Validated& input) {
  const auto at = work_.find(input.name);
  if (at == work_.end() || at->second.stage != Stage::validating || at->second.wanted.module_sha256 != input.module_sha256) return;
  if (!input.outcome) return fail(at->second, input.outcome.error());
  at->second.stage = Stage::activating;
  act(reconcile_action::Activate{at->second.wanted});
}

void Reconciler::handle(reconcile_input::Journaled& input) {
  const auto at = work_.find(input.name);
  if (at == work_.end()) return;
  if (input.outcome) {
    if (at->second.stage == Stage::activating) wait_for_active(at->second);
  } else if (at->second.stage == Stage::removing) {
    at->second.retry_at = now_ + retry_;
  } else if (at->second.stage == Stage::activating) {
    fail(at->second, input.outcome.error());
    at->second.retry_at = now_ + retry_;  // a journal that is full now has room again
  }
}

// What is wanted against what runs. Work under way for a version that is still wanted goes on.
void Reconciler::compare() {
  if (!desired_ || !knows_active_) return;
  const auto fetched_before = fetching();
  std::map<std::string, const DesiredFunction*> wanted;
  for (const auto& function : desired_->functions) wanted[function.name.text()] = &function;

  std::erase_if(work_, [&](const auto& item) {
    const auto& [name, work] = item;
    if (work.stage == Stage::removing) return wanted.contains(name) || active(name) == nullptr;
    return !wanted.contains(name);
  });
  for (const auto& [name, function] : wanted) begin(*function);
  for (const auto& [name, function] : active_) {
    if (!function.from_fleet || wanted.contains(name) || work_.contains(name)) continue;
    work_[name] = {{FunctionName(name), function.manifest, function.module_sha256}, Stage::removing};
    act(reconcile_action::Remove{name});
  }
  const auto still = fetching();
  for (const auto& sha256 : fetched_before) {
    if (!still.contains(sha256)) act(reconcile_action::Forget{sha256});
  }
}

void Reconciler::begin(const DesiredFunction& wanted) {
  const auto [at, added] = work_.try_emplace(wanted.name.text());
  auto& work = at->second;
  const auto* running = active(at->first);
  if (runs(running, wanted)) {
    work = {wanted, Stage::done};
    return;
  }
  if (running != nullptr && !running->from_fleet) {
    work = {wanted, Stage::refused, "a function of this name was deployed at this edge itself", std::nullopt, true};
    return;
  }
  const bool settled = work.stage != Stage::done && !work.is_conflict;
  if (!added && settled && work.wanted == wanted) return;
  if (!(work.wanted == wanted)) work = {};
  start(work, wanted);
}

void Reconciler::start(Work& work, const DesiredFunction& wanted) {
  work = {wanted, Stage::fetching, work.reason, std::nullopt, false, work.activations};
  act(reconcile_action::Fetch{wanted.module_sha256});
}

std::set<std::string> Reconciler::fetching() const {
  std::set<std::string> modules;
  for (const auto& [name, work] : work_) {
    if (work.stage == Stage::fetching) modules.insert(work.wanted.module_sha256);
  }
  return modules;
}

void Reconciler::wait_for_active(Work& work) {
  if (work.activations > 0) work.reason = "the edge does not follow the activation; its dead letters say why (activation_refused)";
  work.retry_at = now_ + retry_ * (std::int64_t{1} << std::min(work.activations, kMostDoublings));
  ++work.activations;
}

// A version that failed is not tried again by itself, unless what stood in its way may pass.
void Reconciler::fail(Work& work, const Error& error) {
  work.stage = Stage::refused;
  work.reason = error.message;
  if (is_passing(error)) work.retry_at = now_ + retry_;
}

std::size_t Reconciler::others(const std::string& name) const {
  std::set<std::string> names;
  for (const auto& [other, function] : active_) names.insert(other);
  for (const auto& [other, work] : work_) {
    if (work.stage == Stage::activating) names.insert(other);
  }
  names.erase(name);
  return names.size();
}

const ActiveFunction* Reconciler::active(const std::string& name) const {
  const auto at = active_.find(name);
  return at == active_.end() ? nullptr : &at->second;
}

}  // namespace doppel::uplink
