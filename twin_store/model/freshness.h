// How sure what is known of a twin still is. Judged at reading, never in the fold.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "twin_store/model/time.h"

namespace doppel {

struct Freshness {
  Duration stale_after = std::chrono::minutes(1);
  Duration offline_after = std::chrono::minutes(10);
};

// What a reader says of a twin whose edge does not answer.
inline constexpr std::string_view kUnreachable = "unreachable";

// "never" without a message, else "online", "stale" or "offline".
inline std::string_view status_of(std::optional<Timestamp> last_seen, Timestamp now, const Freshness& freshness) {
  if (!last_seen) return "never";
  const Duration age = now - *last_seen;
  if (age <= freshness.stale_after) return "online";
  return age <= freshness.offline_after ? "stale" : "offline";
}

}  // namespace doppel
