// Defects on purpose, as decorators of the parts a node is made of. Each breaks one rule of the design; the checker must see it.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "twin_store/journal/journal.h"
#include "twin_store/lane/fold.h"
#include "twin_store/store/store.h"

namespace doppel::simulation {

// The number is that of the rule of the design's section 2 that it breaks, where no other is named.
enum class Mutation {
  none,
  skip_sync,              // 1, 9: the journal says synced, and is not
  acknowledge_first,      // 1: a PUBACK leaves before the message is in the journal
  drop_on_full,           // 5: a record that does not fit is acknowledged
  ignore_mark,            // 6, 8: a replay does not see the marks
  forget_position,        // 7: a commit stores changes under the checkpoint before
  lose_change,            // 7: a commit leaves out one row
  apply_twice,            // 8: a batch is given to the fold twice
  receipt_before_sync,    // 9: what is published counts as synced
  reuse_key,              // 11: two rows of a batch leave under one key
  unsteady_effects,       // 11, 18: the order of effects depends on the process that makes them
  reverse_batch,          // 12: messages are applied in another order than they were accepted in
  ignore_dup,             // 14: the broker's word that it sends again is not heard
  count_retained_again,   // 14: a retained message counts at every subscription
  keep_incarnation_rows,  // 4, 17: a new incarnation begins with the rows of the one before
  hide_old_disk,          // 4: an edge whose disk was set back says that it knows everything
  take_rows_as_they_come, // design section 5: the coordinator takes a row for newer than one that came before it
  keep_configuration,     // design section 1: a new configuration is taken for journaled, and is not
  exceed_budget,          // promise 7: the journal takes more than its budget
  forget_retention,       // promise 7: of the journal nothing ever goes
};
inline constexpr std::array kMutations = {
    Mutation::skip_sync,
    Mutation::acknowledge_first,
    Mutation::drop_on_full,
    Mutation::ignore_mark,
    Mutation::forget_position,
    Mutation::lose_change,
    Mutation::apply_twice,
    Mutation::receipt_before_sync,
    Mutation::reuse_key,
    Mutation::unsteady_effects,
    Mutation::reverse_batch,
    Mutation::ignore_dup,
    Mutation::count_retained_again,
    Mutation::keep_incarnation_rows,
    Mutation::hide_old_disk,
    Mutation::take_rows_as_they_come,
    Mutation::keep_configuration,
    Mutation::exceed_budget,
    Mutation::forget_retention,
};
std::string_view to_string(Mutation mutation);

std::unique_ptr<Journal> mutated(Mutation mutation, std::unique_ptr<Journal> journal);
std::unique_ptr<Store> mutated(Mutation mutation, std::unique_ptr<Store> store);
std::unique_ptr<Fold> mutated(Mutation mutation, Fold& fold);  // nullptr: not mutated

}  // namespace doppel::simulation
