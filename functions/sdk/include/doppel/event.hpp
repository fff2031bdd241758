// What a function is given: events with their columns, and its configuration.
#pragma once

#include <doppel_abi.h>

#include "doppel/platform.hpp"
#include "doppel/types.hpp"

namespace doppel {
namespace detail {

// Ends the run, saying why in the log that stays with the dead letter.
[[noreturn]] inline void give_up(Text what, Text name) {
  char line[160];
  uint32_t length = 0;
  const Text parts[] = {what, name};
  for (const Text part : parts) {
    for (uint32_t i = 0; i < part.size && length < sizeof line; ++i) line[length++] = part.data[i];
  }
  doppel_log(0, line, length);
  __builtin_trap();
}

// Remembers where names were found, under the address of the name.
template <class Row>
class NameCache {
 public:
  template <class Find>
  const Row* get(Name name, Find find) {
    const auto address = reinterpret_cast<uintptr_t>(name.data);
    Entry& entry = entries_[(address ^ (address >> 4)) % kEntries];
    if (entry.name != name.data) entry = {name.data, find(name)};
    return entry.row;
  }

 private:
  struct Entry {
    const char* name = nullptr;
    const Row* row = nullptr;
  };
  static constexpr uintptr_t kEntries = 16;
  Entry entries_[kEntries];
};

// The run as the host wrote it.
class Run {
 public:
  explicit Run(uintptr_t address) : base_(address) {}

  doppel_run_header& header() const { return *reinterpret_cast<doppel_run_header*>(base_); }
  template <class T>
  T* at(uint32_t offset) const {
    return reinterpret_cast<T*>(base_ + offset);
  }
  Text text(doppel_string string) const { return {at<const char>(header().strings_offset + string.offset), string.length}; }

  const doppel_column_row& column(Name name, uint32_t kind) {
    const auto* row = columns_.get(name, [this](Name wanted) {
      return find<doppel_column_row>(wanted, header().columns_offset, header().column_count);
    });
    if (row == nullptr) give_up("not in the reads of function.toml: ", name);
    if (row->kind != kind) give_up("of another type in the reads of function.toml: ", name);
    return *row;
  }

  const doppel_config_row* config(Name name) {
    return config_.get(name, [this](Name wanted) {
      return find<doppel_config_row>(wanted, header().config_offset, header().config_count);
    });
  }

 private:
  template <class Row>
  const Row* find(Text name, uint32_t offset, uint32_t count) const {
    const Row* rows = at<const Row>(offset);
    for (uint32_t i = 0; i < count; ++i) {
      if (text(rows[i].name) == name) return &rows[i];
    }
    return nullptr;
  }

  uintptr_t base_;
  NameCache<doppel_column_row> columns_;
  NameCache<doppel_config_row> config_;
};

}  // namespace detail

enum class Trigger : uint32_t {
  topic = DOPPEL_TRIGGER_TOPIC,
  http = DOPPEL_TRIGGER_HTTP,
  timer = DOPPEL_TRIGGER_TIMER,
  queue = DOPPEL_TRIGGER_QUEUE,
  twin_change = DOPPEL_TRIGGER_TWIN_CHANGE,
  alarm = DOPPEL_TRIGGER_ALARM,
  emitted = DOPPEL_TRIGGER_EMITTED,
  effect_result = DOPPEL_TRIGGER_EFFECT_RESULT,
};

// The [config] of function.toml. A name that is not there, or of another type, is absent.
class Config {
 public:
  explicit Config(detail::Run& run) : run_(run) {}

  Optional<double> f64(Name name) const {
    const doppel_config_row* row = run_.config(name);
    if (row == nullptr) return {};
    if (row->kind == DOPPEL_NUMBER) return row->value.number;
    if (row->kind == DOPPEL_INTEGER) return static_cast<double>(row->value.integer);
    return {};
  }
  Optional<int64_t> i64(Name name) const {
    const doppel_config_row* row = find(name, DOPPEL_INTEGER);
    return row == nullptr ? Optional<int64_t>() : row->value.integer;
  }
  Optional<bool> boolean(Name name) const {
    const doppel_config_row* row = find(name, DOPPEL_BOOLEAN);
    return row == nullptr ? Optional<bool>() : row->value.bits != 0;
  }
  Optional<Text> text(Name name) const {
    const doppel_config_row* row = find(name, DOPPEL_TEXT);
    return row == nullptr ? Optional<Text>() : run_.text(row->value.text);
  }

 private:
  const doppel_config_row* find(Name name, uint32_t kind) const {
    const doppel_config_row* row = run_.config(name);
    return row != nullptr && row->kind == kind ? row : nullptr;
  }

  detail::Run& run_;
};

// One event. Columns are those of `reads` in function.toml, under the same name and type, as of this event.
class Event {
 public:
  Event(detail::Run& run, uint32_t index)
      : run_(run), row_(run.at<const doppel_event_row>(run.header().events_offset)[index]), index_(index) {}

  Optional<double> f64(Name name) const {
    const doppel_slot* slot = value(name, DOPPEL_NUMBER);
    return slot == nullptr ? Optional<double>() : slot->number;
  }
  Optional<int64_t> i64(Name name) const {
    const doppel_slot* slot = value(name, DOPPEL_INTEGER);
    return slot == nullptr ? Optional<int64_t>() : slot->integer;
  }
  Optional<bool> boolean(Name name) const {
    const doppel_slot* slot = value(name, DOPPEL_BOOLEAN);
    return slot == nullptr ? Optional<bool>() : slot->bits != 0;
  }
  Optional<Text> text(Name name) const {
    const doppel_slot* slot = value(name, DOPPEL_TEXT);
    return slot == nullptr ? Optional<Text>() : run_.text(slot->text);
  }

  Text twin() const { return run_.text(run_.at<const doppel_twin_row>(run_.header().twins_offset)[row_.twin].id); }
  Text topic() const { return run_.text(row_.topic); }      // or the name of the alarm, event or property that triggered
  Text payload() const { return run_.text(row_.payload); }  // empty unless function.toml says payload = true
  Trigger trigger() const { return static_cast<Trigger>(row_.trigger); }
  int64_t time() const { return row_.time; }        // of the event: nanoseconds since 1970
  int64_t arrival() const { return row_.arrival; }  // at the edge: nanoseconds since 1970
  uint64_t position() const { return row_.position; }
  uint64_t seed() const { return row_.seed; }  // the only randomness there is
  Config config() const { return Config(run_); }

 private:
  const doppel_slot* value(Name name, uint32_t kind) const {
    const doppel_column_row& column = run_.column(name, kind);
    const uint64_t word = run_.at<const uint64_t>(column.validity_offset)[index_ / 64];
    if ((word >> (index_ % 64) & 1) == 0) return nullptr;
    return &run_.at<const doppel_slot>(column.values_offset)[index_];
  }

  detail::Run& run_;
  const doppel_event_row& row_;
  uint32_t index_;
};

}  // namespace doppel
