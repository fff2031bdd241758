// The name of a window row. With the edge, its incarnation and its lane it identifies one contribution to the fleet.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "twin_store/model/sketch.h"
#include "twin_store/model/time.h"

namespace doppel {

struct WindowKey {
  std::string window;    // configured name, "1m"
  std::int64_t start_ns = 0;   // event time, inclusive
  std::int64_t length_ns = 0;
  std::string group;     // "area=north,line=2"; "" without labels
  std::string property;  // "" : the row that counts events and twins of (window, group)
  auto operator<=>(const WindowKey&) const = default;
};
// Ordered bytes: rows of a window lie together, by start.
void encode(const WindowKey& key, std::string& out);
std::optional<WindowKey> decode_window_key(std::string_view bytes);

// The value of the row with an empty property. Every other row's value is an Aggregate.
struct WindowPopulation {
  std::uint64_t events = 0;
  DistinctCounter twins;  // of hash64(twin id)
  void merge(const WindowPopulation& other);
  bool operator==(const WindowPopulation&) const = default;
};
void encode(const WindowPopulation& population, std::string& out);
std::optional<WindowPopulation> decode_window_population(std::string_view bytes);

// Uplink keys begin with one letter for what they replace.
inline constexpr char kWindowRowKey = 'w';    // then an encoded WindowKey
inline constexpr char kTwinValuesKey = 't';   // then a twin id; payload: the twin's JSON
inline constexpr char kAlertKey = 'a';        // then twin id, 0 byte, alert; payload: the alert's JSON, empty when cleared
inline constexpr char kEdgeStatusKey = 's';   // payload: the edge's status JSON

}  // namespace doppel
