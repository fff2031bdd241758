// Defects on purpose, as decorators of the parts a node is made of. Each breaks one rule of the design; the checker must see it.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "twin_store/journal/journal.h"
#include "twin_store/lane/fold.h"
#include "twin_store/store/store.h"

namespace doppel::simulation {

enum class Mutation {
  none,
  skip_sync,            // the journal says synced, and is not
  forget_position,      // a commit stores changes under the checkpoint before
  apply_twice,          // a batch is given to the fold twice
  acknowledge_first,    // a PUBACK leaves before the message is in the journal
  drop_on_full,         // a record that does not fit is acknowledged
  reuse_key,            // two rows of a batch leave under one key
  ignore_mark,          // a replay does not see the marks
  receipt_before_sync,  // what is published counts as synced
  lose_change,          // a commit leaves out one row
  keep_incarnation_rows,  // a new incarnation begins with the rows of the one before
  hide_old_disk,        // an edge whose disk was set back says that it knows everything
  count_retained_again, // a retained message counts at every subscription
};
inline constexpr std::array kMutations = {Mutation::skip_sync,   Mutation::forget_position, Mutation::apply_twice,         Mutation::drop_on_full,
                                          Mutation::reuse_key,   Mutation::ignore_mark,     Mutation::receipt_before_sync, Mutation::lose_change,
                                          Mutation::count_retained_again, Mutation::acknowledge_first, Mutation::keep_incarnation_rows,
                                          Mutation::hide_old_disk};
std::string_view to_string(Mutation mutation);

std::unique_ptr<Journal> mutated(Mutation mutation, std::unique_ptr<Journal> journal);
std::unique_ptr<Store> mutated(Mutation mutation, std::unique_ptr<Store> store);
std::unique_ptr<Fold> mutated(Mutation mutation, Fold& fold);  // nullptr: not mutated

}  // namespace doppel::simulation
