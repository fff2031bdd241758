// What a function asks for. Nothing happens until the run has succeeded as a whole.
#pragma once

#include <doppel_abi.h>

#include "doppel/platform.hpp"
#include "doppel/types.hpp"

namespace doppel {
namespace detail {

// Memory is only ever taken: the instance ends with the run.
class Heap {
 public:
  void reset() { top_ = (heap_begin() + 7) / 8 * 8; }
  // 8-aligned bytes right after what was taken before; 0 when there are no more.
  uintptr_t take(size_t bytes) {
    const size_t rounded = (bytes + 7) / 8 * 8;
    const uintptr_t end = heap_end();
    if (rounded < bytes) return 0;
    if (rounded > end - top_ && !grow_heap(rounded - (end - top_))) return 0;
    const uintptr_t at = top_;
    top_ += rounded;
    return at;
  }

 private:
  uintptr_t top_ = 0;
};
inline Heap heap;

}  // namespace detail

// What a property or a message can hold.
class Value {
 public:
  constexpr Value() : kind(DOPPEL_NULL) {}
  constexpr Value(bool v) : kind(DOPPEL_BOOLEAN) { slot.bits = v ? 1 : 0; }
  constexpr Value(double v) : kind(DOPPEL_NUMBER) { slot.number = v; }
  constexpr Value(float v) : Value(static_cast<double>(v)) {}
  constexpr Value(int v) : Value(static_cast<long long>(v)) {}
  constexpr Value(unsigned v) : Value(static_cast<long long>(v)) {}
  constexpr Value(long v) : Value(static_cast<long long>(v)) {}
  constexpr Value(long long v) : kind(DOPPEL_INTEGER) { slot.integer = v; }
  constexpr Value(Text v) : kind(DOPPEL_TEXT), content(v) {}
  template <size_t N>
  constexpr Value(const char (&literal)[N]) : Value(Text(literal)) {}
  Value(const void*) = delete;  // would become a bool

  static constexpr Value bytes(Text v) { return {DOPPEL_BYTES, v}; }
  static constexpr Value json(Text v) { return {DOPPEL_JSON, v}; }  // must be valid JSON

  uint32_t kind;
  doppel_slot slot{.bits = 0};
  Text content;

 private:
  constexpr Value(uint32_t k, Text v) : kind(k), content(v) {}
};

enum class Level : uint32_t { error = 0, warning = 1, info = 2, debug = 3 };
enum class Retain : uint32_t { no = 0, yes = 4 };

// Effects belong to the event at work. Where one is not granted in function.toml, the host refuses it and says so.
class Effects {
 public:
  void set(Text property, const Value& value) { add(DOPPEL_SET, property, {}, value); }
  void remove(Text property) { add(DOPPEL_REMOVE, property, {}, {}); }
  void send(Text twin, Text event, const Value& value = {}) { add(DOPPEL_SEND, event, twin, value); }
  void emit(Text event, const Value& value = {}) { add(DOPPEL_EMIT, event, {}, value); }
  void publish(Text topic, const Value& value, uint32_t qos = 0, Retain retain = Retain::no) {
    add(DOPPEL_PUBLISH, {}, topic, value, qos | static_cast<uint32_t>(retain));
  }
  void alert(Text name, const Value& value = {}) { add(DOPPEL_ALERT_RAISE, name, {}, value); }
  void clear(Text name) { add(DOPPEL_ALERT_CLEAR, name, {}, {}); }
  void alarm(Text name, int64_t nanoseconds) { add(DOPPEL_ALARM_SET, name, {}, static_cast<long long>(nanoseconds)); }
  void cancel(Text name) { add(DOPPEL_ALARM_CANCEL, name, {}, {}); }
  void log(Level level, Text text) { add(DOPPEL_LOG, {}, {}, text, static_cast<uint32_t>(level)); }
  void retry() { add(DOPPEL_RETRY, {}, {}, {}); }
  void fail(Text reason) { add(DOPPEL_FAIL, {}, {}, reason); }

  // Called by the loop over the events.
  void begin_event(uint32_t index) { event_ = index; }
  // The address of the list, 0 when it is empty, or DOPPEL_OUT_OF_MEMORY.
  uintptr_t finish() {
    if (out_of_memory_) return DOPPEL_OUT_OF_MEMORY;
    if (list_ == 0) return 0;
    *reinterpret_cast<doppel_effects_header*>(list_) = {DOPPEL_EFFECTS_MAGIC, DOPPEL_ABI_VERSION, length_, count_};
    return list_;
  }

 private:
  void add(uint32_t kind, Text name, Text target, const Value& value, uint32_t detail = 0) {
    if (list_ == 0) list_ = grow(sizeof(doppel_effects_header));
    const uintptr_t at = grow(sizeof(doppel_effect_row) + size_t{name.size} + target.size + value.content.size);
    if (out_of_memory_) return;
    *reinterpret_cast<doppel_effect_row*>(at) = {kind,      event_,      detail,             value.kind, value.slot,
                                                 name.size, target.size, value.content.size, 0};
    char* bytes = reinterpret_cast<char*>(at + sizeof(doppel_effect_row));
    const Text parts[] = {name, target, value.content};
    for (const Text part : parts) {
      if (part.size == 0) continue;  // a copy is a call into the host
      __builtin_memcpy(bytes, part.data, part.size);
      bytes += part.size;
    }
    ++count_;
  }

  uintptr_t grow(size_t bytes) {
    const uintptr_t at = out_of_memory_ ? 0 : detail::heap.take(bytes);
    if (at == 0) out_of_memory_ = true;
    length_ += static_cast<uint32_t>((bytes + 7) / 8 * 8);
    return at;
  }

  uintptr_t list_ = 0;
  uint32_t length_ = 0;
  uint32_t count_ = 0;
  uint32_t event_ = 0;
  bool out_of_memory_ = false;
};

}  // namespace doppel
