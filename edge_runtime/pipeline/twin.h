// A twin as the lane holds it: the present values, desired values, and what is needed to apply the next event.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/pipeline/names.h"
#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {

// A reported value. Text, bytes and JSON lie in the twin's heap.
struct PropertySlot {
  Name name{};
  ValueKind kind = ValueKind::null;
  std::uint32_t content_at = 0, content_size = 0;
  union {
    std::int64_t integer = 0;
    double number;
  };
  Timestamp time;          // event time of the value
  std::uint64_t rev = 0;   // rev of the twin when it was set
};

struct DesiredValue {
  Name name{};
  Value value;
  Timestamp since;
  std::uint64_t rev = 0;
};

// The last payload taken from a topic: a retained message that repeats it is dropped.
struct TopicSeen {
  std::uint64_t topic_hash = 0, payload_hash = 0;
};

// An id that the payload of an applied message named.
struct EventIdSeen {
  std::uint64_t hash = 0;
  Timestamp arrival;
};

struct TwinLabel {
  Name name{}, value{};
  bool operator==(const TwinLabel&) const = default;
};

struct Twin {
  static constexpr std::size_t kMostProperties = 1'024;  // reported, and as many desired

  std::string id;
  std::optional<Name> model;
  std::uint64_t rev = 0;     // change sets applied
  std::uint64_t events = 0;  // source messages applied
  Timestamp last_seen;       // arrival of the last source message
  std::vector<PropertySlot> properties;
  std::vector<DesiredValue> desired;
  std::vector<TwinLabel> labels;
  std::vector<TopicSeen> topics;      // in the order in which they came first
  std::vector<EventIdSeen> event_ids;  // newest last
  std::string heap;
  std::uint32_t heap_live = 0;  // bytes of the heap that slots refer to

  // Not stored.
  bool dirty = false;
  std::vector<std::uint32_t> groups;       // of each configured window; empty: to be found again
  std::uint32_t items = 0;                 // of this twin in the wave at work
  std::uint32_t group_generation = 0;      // of the windows when groups were found
  std::uint32_t run_index = 0;             // its place in the function run that is being built
  std::uint64_t run_number = 0;
  std::optional<std::uint64_t> rev_before_batch;  // set while the batch at work has changed it

  const PropertySlot* find(Name name) const;
  PropertySlot* find(Name name);
  ValueView view(const PropertySlot& slot) const;
  // Sets or makes the property. `rev` of the slot becomes that of the twin.
  void set(Name name, const ValueView& value, Timestamp time);
  bool remove(Name name);
  DesiredValue* find_desired(Name name);
  // What a function reads as `twin.NAME`: the reported value, or else the desired one, or else null.
  ValueView column(Name name) const;
  // Remembers the payload of a topic, of at most so many; true when the last one taken from that topic was the same.
  bool saw(std::uint64_t topic_hash, std::uint64_t payload_hash, std::size_t most);
  // True when an event with that id was taken at `since` or later.
  bool has_event_id(std::uint64_t hash, Timestamp since) const;
  void remember_event_id(std::uint64_t hash, Timestamp arrival, std::size_t most);

 private:
  void set_content(PropertySlot& slot, std::string_view content);
  void compact();
};

// Stored form: names as text, values in slot order. The same twin gives the same bytes.
void encode(const Twin& twin, const NameTable& names, std::string& out);
// False when the bytes do not decode, or name what the name table neither has nor can take.
bool decode(std::string_view bytes, NameTable& names, Twin& twin);

}  // namespace doppel
