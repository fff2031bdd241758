// The lane's own records. `twin_store/lane/README.md` gives their place among the others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "twin_store/lane/fold.h"
#include "twin_store/model/ids.h"

namespace doppel {

// Fixes the borders of a batch before it is run, and vouches for the one before.
struct Mark {
  Position first = Position::none, last = Position::none;  // of the batch's records, bookkeeping in between not counted
  std::uint64_t previous_batch_hash = 0;                   // of the outbox rows that the batch before made
  std::string fold_version;
};
std::string encode(const Mark& mark);
std::optional<Mark> decode_mark(std::string_view bytes);

struct DecisionRecord {
  Position mark = Position::none;  // of the batch in which it was taken
  Decision decision;
};
std::string encode(const DecisionRecord& record);
std::optional<DecisionRecord> decode_decision(std::string_view bytes);

}  // namespace doppel
