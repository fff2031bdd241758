#include "edge_runtime/pipeline/held_events.h"

#include <algorithm>
#include <iterator>

namespace doppel {
namespace {

std::string key_of(const std::string& function, HeldEvents::Number number) {
  std::string key = function + '\0';  // in no function's name
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
  return key;
}

}  // namespace

Result<void> HeldEvents::load(const StoreReader& store) {
  std::string bad;
  auto read = store.for_each(kTable, [&](std::string_view key, std::string_view value) {
    const auto zero = key.find('\0');
    KeptEvent event;
    if (zero == std::string_view::npos || key.size() - zero != 9 || !decode_kept_event(value, event)) {
      bad = key.substr(0, zero);
      return;
    }
    Number number = 0;
    for (const char c : key.substr(zero + 1)) number = number << 8 | static_cast<unsigned char>(c);
    insert(std::string(key.substr(0, zero)), number, std::string(value));
  });
  if (!read) return read;
  if (!bad.empty()) return corrupt_data("a stored held event of function " + bad + " does not decode");
  return {};
}

void HeldEvents::take_changes(std::vector<RowChange>& changes) {
  for (const auto& [function, number] : changed_) {
    RowChange& change = changes.emplace_back(RowChange{kTable, key_of(function, number), std::nullopt});
    const auto queue = queues_.find(function);
    if (queue == queues_.end()) continue;
    if (const auto event = queue->second.events.find(number); event != queue->second.events.end()) change.value = event->second;
  }
  changed_.clear();
  dirty_bytes_ = 0;
}

bool HeldEvents::add(const std::string& function, const KeptEvent& event) {
  std::string encoded;
  encode(event, encoded);
  if (bytes_ + encoded.size() > limit_) return false;
  const auto queue = queues_.find(function);
  const Number number = queue == queues_.end() ? 1 : queue->second.next;
  note_change(function, number, encoded.size());
  insert(function, number, std::move(encoded));
  return true;
}

void HeldEvents::put_back(const std::string& function, Number number, const KeptEvent& event) {
  std::string encoded;
  encode(event, encoded);
  note_change(function, number, encoded.size());
  insert(function, number, std::move(encoded));
}

std::vector<std::pair<HeldEvents::Number, KeptEvent>> HeldEvents::take(const std::string& function, std::size_t most) {
  std::vector<std::pair<Number, KeptEvent>> taken;
  const auto queue = queues_.find(function);
  if (queue == queues_.end()) return taken;
  auto& events = queue->second.events;
  while (!events.empty() && taken.size() < most) {
    const auto& [number, encoded] = *events.begin();
    // What was encoded here, or checked when it was loaded, decodes.
    static_cast<void>(decode_kept_event(encoded, taken.emplace_back(number, KeptEvent{}).second));
    note_change(function, number, 0);
    bytes_ -= encoded.size();
    events.erase(events.begin());
  }
  return taken;
}

void HeldEvents::settle(const std::string& function) {
  const auto queue = queues_.find(function);
  if (queue == queues_.end()) return;
  if (queue->second.events.empty()) {
    queues_.erase(queue);
  } else {
    queue->second.next = std::prev(queue->second.events.end())->first + 1;
  }
}

void HeldEvents::drop_all_of(const std::string& function) {
  const auto queue = queues_.find(function);
  if (queue == queues_.end()) return;
  for (const auto& [number, encoded] : queue->second.events) {
    note_change(function, number, 0);
    bytes_ -= encoded.size();
  }
  queues_.erase(queue);
}

std::size_t HeldEvents::count_of(const std::string& function) const {
  const auto queue = queues_.find(function);
  return queue == queues_.end() ? 0 : queue->second.events.size();
}

void HeldEvents::insert(const std::string& function, Number number, std::string encoded) {
  Queue& queue = queues_[function];
  queue.next = std::max(queue.next, number + 1);
  bytes_ += encoded.size();
  queue.events[number] = std::move(encoded);
}

void HeldEvents::note_change(const std::string& function, Number number, std::size_t bytes) {
  changed_.emplace(function, number);
  dirty_bytes_ += function.size() + bytes;
}

}  // namespace doppel
