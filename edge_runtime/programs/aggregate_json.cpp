#include "edge_runtime/programs/aggregate_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace doppel {

void append_window_row_json(const std::string& edge, const WindowKey& key, const Aggregate* aggregate, const WindowPopulation* population,
                            std::string& out) {
  nlohmann::ordered_json row = {{"window", key.window},
                                {"start", format_rfc3339(from_nanoseconds(key.start_ns))},
                                {"end", format_rfc3339(from_nanoseconds(key.start_ns + key.length_ns))},
                                {"level", "edge"},
                                {"name", edge},
                                {"group", key.group},
                                {"property", key.property}};
  if (population != nullptr) {
    row["events"] = population->events;
    row["twins"] = population->twins.estimate();
  } else {
    row["count"] = aggregate->count();
    row["mean"] = aggregate->mean();
    row["stddev"] = std::sqrt(aggregate->m2() / static_cast<double>(aggregate->count()));
    row["sum"] = aggregate->sum();
    row["min"] = aggregate->min();
    row["max"] = aggregate->max();
    row["first"] = aggregate->first().value;
    row["last"] = aggregate->last().value;
    constexpr std::pair<const char*, double> kQuantiles[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}};
    for (const auto& [name, q] : kQuantiles) {
      if (const auto value = aggregate->quantile(q)) row[name] = *value;
    }
  }
  out += row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace doppel
