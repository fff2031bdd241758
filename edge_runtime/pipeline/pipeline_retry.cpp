// What is set aside and tried again: events of a function that does not run are held in order, dead letters wait for somebody's order.
#include <algorithm>

#include "edge_runtime/pipeline/pipeline.h"
#include "edge_runtime/pipeline/uplink_rows.h"
#include "twin_store/model/hash.h"
#include "twin_store/model/log.h"

namespace doppel {
namespace {

constexpr std::size_t kHeldAtOnce = 1'024;

// The pseudo-twin of a function.
std::string twin_of(const std::string& function) { return "fn:" + function; }

bool is_wanted(const DeadLetterOrder& order, DeadLetters::Number number, const DeadLetter& letter) {
  if (!order.function.empty() && letter.function != order.function) return false;
  return order.numbers.empty() || std::find(order.numbers.begin(), order.numbers.end(), number) != order.numbers.end();
}

}  // namespace

KeptEvent Pipeline::kept(const WaveItem& item, const ActiveFunction* function) const {
  if (item.kept != nullptr) return *item.kept;
  const Twin& twin = twins_[item.twin];
  KeptEvent event{item.origin, item.arrival, item.time, item.trigger, item.seed, twin.id, std::string(item.topic), std::string(item.payload), {}, {}};
  for (const auto& field : wave_.fields(item)) event.fields.push_back({std::string(names_.text(field.name)), Value(field.value)});
  if (function == nullptr) return event;
  for (std::size_t i = 0; i < function->columns.size(); ++i) {
    if (!function->manifest.reads[i].of_twin) continue;
    const auto value = twin.column(function->columns[i]);
    if (value.kind != ValueKind::null) event.of_twin.push_back({function->manifest.reads[i].name, Value(value)});
  }
  return event;
}

// The item of the wave that stands for a kept event, for one function.
void Pipeline::add_kept(const KeptEvent& event, FunctionSet::Number function, HeldEvents::Number held_number) {
  const TwinIndex twin = twins_.find_or_make(event.twin, SIZE_MAX);
  WaveItem& item = wave_.add();
  item.twin = twin;
  item.origin = event.position;
  item.arrival = event.arrival;
  item.time = event.time;
  item.trigger = event.trigger;
  item.topic = event.topic;
  item.payload = event.payload;
  item.kept = &event;
  item.held_number = held_number;
  for (const auto& field : event.fields) {
    if (const auto name = names_.intern(field.name)) wave_.add_field(*name, field.value.view());
  }
  wave_.add_functions({&function, 1});
}

void Pipeline::hold(const WithheldEvent& withheld) {
  const WaveItem& item = wave_[withheld.item];
  ActiveFunction& function = functions_[withheld.function];
  if (item.held_number != 0) return held_.put_back(function.name(), item.held_number, *item.kept);
  if (held_.add(function.name(), kept(item, &function))) return;
  dead_letter(item, "held_limit", "the events that are held for functions take " + std::to_string(held_.bytes()) + " bytes (functions.max_held)", &function, RetryAs::event);
}

// A function holds its events from now on: it is quarantined, or its module cannot be loaded.
void Pipeline::tell_stopped(FunctionSet::Number number) {
  const ActiveFunction& function = functions_[number];
  functions_.condition_changed(number);
  const bool burnt_too_much = function.unavailable.empty();
  const std::string why = burnt_too_much ? "failing runs burnt " + std::to_string(function.failure_fuel.burnt) + " fuel within a minute; allowed are " +
                                               std::to_string(config_.failure_fuel) + " (functions.failure_fuel)"
                                         : function.unavailable;
  const std::string way_out = burnt_too_much ? "deploy another version, or: doppel dead retry --fn " + function.name()
                                             : "deploy it again, or mend what keeps it from loading and start the node again";
  const Alert alert{twin_of(function.name()), std::string(function.condition()), function.name(), Value(ValueView::text(why)), now_};
  if (alerts_.raise(alert) != Alerts::Raised::over_limit) push_row_of(function, alert_row(alert, mark_, true));
  OutboxRow row;
  row.kind = OutboxKind::log;
  row.target = function.name();
  row.qos = static_cast<std::uint8_t>(LogLevel::error);
  row.payload = std::string(function.condition()) + ": " + why + ". Its events are held; " + way_out;
  push_row_of(function, std::move(row));
}

void Pipeline::clear_condition(const ActiveFunction& function, std::string_view condition) {
  const Alert alert{twin_of(function.name()), std::string(condition), function.name(), {}, now_};
  if (alerts_.clear(alert.twin, alert.name)) push_row_of(function, alert_row(alert, mark_, false));
}

// A function that is new, or to which somebody gives another chance, gets what was held before anything that comes later.
void Pipeline::end_quarantine(FunctionSet::Number number) {
  ActiveFunction& function = functions_[number];
  const std::string name = function.name();
  function.quarantined = false;
  function.failure_fuel = {};
  functions_.condition_changed(number);
  clear_condition(function, "quarantined");
  if (function.unavailable.empty()) clear_condition(function, "unavailable");
  while (!function.is_held() && held_.count_of(name) != 0) {
    const auto events = held_.take(name, kHeldAtOnce);
    for (const auto& [held_number, event] : events) add_kept(event, number, held_number);
    run_waves();
  }
  held_.settle(name);
}

void Pipeline::take_dead_letter_order(const Record& record) {
  const auto order = decode_dead_letter_order(record.payload);
  if (!order) return dead_letter(record, "bad_payload", "the record that orders about dead letters does not decode");
  std::vector<DeadLetters::Number> wanted;
  dead_letters_.for_each([&](DeadLetters::Number number, const DeadLetter& letter) {
    if (is_wanted(*order, number, letter)) wanted.push_back(number);
  });
  for (const auto number : order->numbers) {
    if (dead_letters_.find(number) == nullptr) return answer_order(record, *order, 404, "there is no dead letter " + std::to_string(number));
  }
  const auto last = dead_letters_.last();
  std::uint64_t done = 0, applied = 0;
  for (const auto number : wanted) {
    if (order->action == DeadLetterOrder::Action::drop) {
      dead_letters_.remove(number);
      ++done;
      continue;
    }
    const auto before = dead_letters_.last();
    if (!retry(number)) continue;
    ++done;
    if (dead_letters_.last() == before) ++applied;
  }
  const auto function = order->action == DeadLetterOrder::Action::retry && order->numbers.empty() ? functions_.find(order->function) : std::nullopt;
  const std::uint64_t held = function && functions_[*function].unavailable.empty() ? held_.count_of(order->function) : 0;
  if (function) end_quarantine(*function);
  const auto failed = dead_letters_.last() - last;
  answer_order(record, *order, 200, "{\"found\":" + std::to_string(wanted.size()) + ",\"done\":" + std::to_string(done) + ",\"applied\":" + std::to_string(applied) +
                                        ",\"failed\":" + std::to_string(failed) + ",\"first_failed\":" + (failed == 0 ? "null" : std::to_string(last + 1)) +
                                        ",\"held\":" + std::to_string(held) + "}");
}

void Pipeline::answer_order(const Record& record, const DeadLetterOrder& order, int status, std::string body) {
  if (order.request.empty()) return;
  OutboxRow reply;
  reply.kind = OutboxKind::http_reply;
  reply.target = order.request;
  reply.revision = static_cast<std::uint64_t>(status);
  reply.payload = std::move(body);
  tagged_.push_back({0, record.position, "", 0, 0, std::move(reply)});
}

// False when it stays: it left traces when it failed, its payload is cut, or its function is not there. One that fails again becomes
// a new dead letter.
bool Pipeline::retry(DeadLetters::Number number) {
  const DeadLetter letter = *dead_letters_.find(number);
  const auto function = functions_.find(letter.function);
  if (letter.retry == RetryAs::nothing || (letter.retry == RetryAs::event && !function)) return false;
  dead_letters_.remove(number);
  const std::string padded = letter.event.payload + std::string(kReadablePadding, '\0');
  if (letter.retry == RetryAs::event) {
    add_kept(letter.event, *function, 0);
  } else {
    Record message;
    message.position = letter.event.position;
    message.arrival = letter.event.arrival;
    message.topic = letter.event.topic;
    message.payload = std::string_view(padded).substr(0, letter.event.payload.size());
    take_payload(message, hash64(message.topic), hash64(message.payload));
  }
  run_waves();
  return true;
}

}  // namespace doppel
