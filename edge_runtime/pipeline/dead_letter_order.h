// The payload of a dead_letters record: somebody wants dead letters tried again, or gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace doppel {

struct DeadLetterOrder {
  enum class Action : std::uint8_t { retry = 0, drop = 1 };

  std::string request;   // id of the waiting request, under which the answer goes out; "" : nobody waits
  Action action = Action::retry;
  std::string function;  // all of this function; a retry also ends its quarantine
  std::vector<std::uint64_t> numbers;  // these; without a function and numbers: all
};

void encode(const DeadLetterOrder& order, std::string& out);
std::optional<DeadLetterOrder> decode_dead_letter_order(std::string_view bytes);

}  // namespace doppel
