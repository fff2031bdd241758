#include "broker_bridge/uplink/reconciler.h"

#include <gtest/gtest.h>

namespace doppel::uplink {
namespace {

using std::chrono::seconds;
using namespace reconcile_input;
using namespace reconcile_action;

std::string module(char letter) { return std::string(64, letter); }

DesiredFunction wanted(const std::string& name, char letter = 'a') { return {FunctionName(name), "manifest of " + name, module(letter)}; }

ActiveFunction active(const std::string& name, char letter = 'a', bool from_fleet = true) {
  return {name, "1.0.0", "manifest of " + name, module(letter), from_fleet, "active", ""};
}

class Shell {
 public:
  void step(ReconcileInput input) { core_.step(now_, std::move(input), actions_); }
  template <class Kind>
  std::vector<Kind> take() {
    std::vector<Kind> found;
    std::erase_if(actions_, [&](const ReconcileAction& action) {
      const auto* body = std::get_if<Kind>(&action);
      if (body != nullptr) found.push_back(*body);
      return body != nullptr;
    });
    return found;
  }
  FunctionStatus status(const std::string& name) const {
    for (const auto& function : core_.status().functions) {
      if (function.name == name) return function;
    }
    return {};
  }
  bool idle() const { return actions_.empty(); }

  Reconciler core_;
  Duration now_{seconds(1000)};
  std::vector<ReconcileAction> actions_;
};

TEST(Reconciler, An_activation_that_the_edge_does_not_follow_is_tried_again_after_ever_longer) {
  Shell shell;
  shell.step(Active{{}});
  shell.step(Wanted{{7, {wanted("alarm")}}});
  Duration pause = seconds(30);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(shell.take<Fetch>().size(), 1u) << i;
    shell.step(Fetched{module('a'), {}});
    shell.step(Validated{"alarm", module('a'), {}});
    ASSERT_EQ(shell.take<Activate>().size(), 1u);
    shell.step(Journaled{"alarm", {}});
    EXPECT_EQ(shell.core_.next_step(), shell.now_ + pause);
    shell.now_ += pause;
    pause *= 2;
    shell.take<Validate>();
    shell.step(Tick{});
  }
  EXPECT_NE(shell.status("alarm").reason.find("dead letters"), std::string::npos);
  shell.step(Active{{active("alarm")}});
  EXPECT_EQ(shell.status("alarm").state, "active");
  EXPECT_EQ(shell.core_.next_step(), std::nullopt);
}

TEST(Reconciler, An_activation_that_a_full_journal_did_not_take_is_tried_again) {
  Shell shell;
  shell.step(Active{{}});
  shell.step(Wanted{{7, {wanted("alarm")}}});
  shell.step(Fetched{module('a'), {}});
  shell.step(Validated{"alarm", module('a'), {}});
  shell.step(Journaled{"alarm", limit_exceeded("the journal is full")});
  EXPECT_EQ(shell.status("alarm").state, "refused");
  shell.take<Fetch>();
  shell.now_ += seconds(30);
  shell.step(Tick{});
  EXPECT_EQ(shell.take<Fetch>().size(), 1u);
}

TEST(Reconciler, A_wanted_function_is_fetched_validated_and_activated) {
  Shell shell;
  shell.step(Active{{}});
  shell.step(Wanted{{7, {wanted("alarm")}}});
  EXPECT_EQ(shell.take<Fetch>().at(0).sha256, module('a'));
  EXPECT_EQ(shell.status("alarm").state, "fetching");
  shell.step(Fetched{module('a'), {}});
  EXPECT_EQ(shell.take<Validate>().at(0).function, wanted("alarm"));
  shell.step(Validated{"alarm", module('a'), {}});
  EXPECT_EQ(shell.take<Activate>().at(0).function, wanted("alarm"));
  shell.step(Journaled{"alarm", {}});
  EXPECT_EQ(shell.status("alarm").state, "activating");
  shell.step(Active{{active("alarm")}});
  EXPECT_EQ(shell.status("alarm").state, "active");
  EXPECT_EQ(shell.status("alarm").version, "1.0.0");
  EXPECT_EQ(shell.core_.status().generation, 7u);
  EXPECT_TRUE(shell.idle());
}

TEST(Reconciler, A_function_of_the_fleet_that_is_unavailable_is_brought_anew) {
  Shell shell;
  auto alarm = active("alarm");
  alarm.condition = "unavailable";
  alarm.reason = "the module cannot be loaded";
  shell.step(Active{{alarm}});
  shell.step(Wanted{{7, {wanted("alarm")}}});
  EXPECT_EQ(shell.status("alarm").state, "unavailable");
  EXPECT_EQ(shell.status("alarm").reason, "the module cannot be loaded");
  ASSERT_EQ(shell.take<Fetch>().size(), 1u);
  shell.step(Fetched{module('a'), {}});
  shell.step(Validated{"alarm", module('a'), {}});
  EXPECT_EQ(shell.take<Activate>().size(), 1u);
  shell.step(Journaled{"alarm", {}});
  shell.step(Active{{active("alarm")}});
  EXPECT_EQ(shell.status("alarm").state, "active");
}

TEST(Reconciler, A_function_that_was_deployed_here_and_is_unavailable_is_left_alone) {
  Shell shell;
  auto own = active("own", 'b', false);
  own.condition = "unavailable";
  shell.step(Active{{own}});
  shell.step(Wanted{{7, {}}});
  EXPECT_TRUE(shell.idle());
  EXPECT_EQ(shell.status("own").state, "unavailable");
}

TEST(Reconciler, A_function_is_validated_beside_those_that_are_active_and_those_that_are_about_to_be) {
  Shell shell;
  shell.step(Active{{active("own", 'x', false), active("alarm", 'y')}});
  shell.step(Wanted{{7, {wanted("alarm", 'a'), wanted("limit", 'b')}}});
  shell.step(Fetched{module('a'), {}});
  EXPECT_EQ(shell.take<Validate>().at(0).others, 1u) << "the version before is not another";
  shell.step(Validated{"alarm", module('a'), {}});
  shell.step(Fetched{module('b'), {}});
  EXPECT_EQ(shell.take<Validate>().at(0).others, 2u);
}

TEST(Reconciler, A_function_for_which_there_is_no_room_is_refused_with_the_reason_and_tried_again) {
  Shell shell;
  shell.step(Active{{active("own", 'x', false)}});
  shell.step(Wanted{{7, {wanted("limit", 'b')}}});
  shell.step(Fetched{module('b'), {}});
  shell.step(Validated{"limit", module('b'), unavailable("there are 1 functions already; allowed are 1 (functions.max_functions)")});
  EXPECT_EQ(shell.status("limit").state, "refused");
  EXPECT_NE(shell.status("limit").reason.find("functions.max_functions"), std::string::npos);
  shell.take<Fetch>();
  shell.now_ += seconds(30);
  shell.step(Tick{});
  EXPECT_EQ(shell.take<Fetch>().size(), 1u);
}

TEST(Reconciler, Nothing_happens_before_both_sides_are_known) {
  Shell shell;
  shell.step(Wanted{{7, {wanted("alarm")}}});
  EXPECT_TRUE(shell.idle());
  Shell other;
  other.step(Active{{active("alarm")}});
  EXPECT_TRUE(other.idle()) << "a fleet that has not spoken removes nothing";
}

TEST(Reconciler, A_function_of_the_fleet_that_is_not_wanted_any_more_is_removed) {
  Shell shell;
  shell.step(Active{{active("alarm"), active("own", 'b', false)}});
  shell.step(Wanted{{7, {}}});
  const auto removed = shell.take<Remove>();
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].name, "alarm");
  EXPECT_EQ(shell.status("alarm").state, "removing");
  shell.step(Active{{active("own", 'b', false)}});
  EXPECT_EQ(shell.core_.status().functions.size(), 1u);
  EXPECT_TRUE(shell.idle());
}

TEST(Reconciler, A_local_function_of_the_same_name_is_left_alone_and_the_conflict_named) {
  Shell shell;
  shell.step(Active{{active("alarm", 'b', false)}});
  shell.step(Wanted{{7, {wanted("alarm")}}});
  EXPECT_TRUE(shell.idle());
  EXPECT_EQ(shell.status("alarm").state, "refused");
  EXPECT_EQ(shell.status("alarm").reason, "a function of this name was deployed at this edge itself");
  shell.step(Active{{}});
  EXPECT_EQ(shell.take<Fetch>().size(), 1u) << "once it is gone the wanted one takes its place";
}

TEST(Reconciler, A_newer_version_takes_the_place_of_the_one_under_way) {
  Shell shell;
  shell.step(Active{{}});
  shell.step(Wanted{{7, {wanted("alarm", 'a')}}});
  shell.step(Wanted{{8, {wanted("alarm", 'b')}}});
  EXPECT_EQ(shell.take<Fetch>().size(), 2u);
  EXPECT_EQ(shell.take<Forget>().at(0).sha256, module('a'));
  shell.step(Fetched{module('a'), {}});
  EXPECT_TRUE(shell.idle());
  shell.step(Fetched{module('b'), {}});
  EXPECT_EQ(shell.take<Validate>().at(0).function.module_sha256, module('b'));
  shell.step(Validated{"alarm", module('a'), {}});
  EXPECT_TRUE(shell.idle()) << "a verdict on another module";
}

TEST(Reconciler, What_is_under_way_is_not_begun_again) {
  Shell shell;
  shell.step(Active{{}});
  shell.step(Wanted{{7, {wanted("alarm")}}});
  (void)shell.take<Fetch>();
  shell.step(Wanted{{8, {wanted("alarm"), wanted("other", 'b')}}});
  shell.step(Active{{}});
  const auto fetches = shell.take<Fetch>();
  ASSERT_EQ(fetches.size(), 1u);
  EXPECT_EQ(fetches[0].sha256, module('b'));
}

TEST(Reconciler, A_module_that_does_not_come_is_tried_again_later) {
  Shell shell;
  shell.step(Active{{}});
  shell.step(Wanted{{7, {wanted("alarm")}}});
  (void)shell.take<Fetch>();
  shell.step(Fetched{module('a'), unavailable("disk full")});
  EXPECT_EQ(shell.status("alarm").state, "refused");
  EXPECT_EQ(shell.status("alarm").reason, "disk full");
  EXPECT_EQ(shell.core_.next_step(), shell.now_ + seconds(30));
  shell.step(Active{{}});
  EXPECT_TRUE(shell.idle());
  shell.now_ += seconds(30);
  shell.step(Tick{});
  EXPECT_EQ(shell.take<Fetch>().size(), 1u);
}

TEST(Reconciler, A_function_that_is_invalid_is_refused_until_another_version_is_wanted) {
  Shell shell;
  shell.step(Active{{}});
  shell.step(Wanted{{7, {wanted("alarm")}}});
  shell.step(Fetched{module('a'), {}});
  shell.actions_.clear();
  shell.step(Validated{"alarm", module('a'), invalid_input("imports wasi")});
  EXPECT_EQ(shell.status("alarm").reason, "imports wasi");
  EXPECT_EQ(shell.core_.next_step(), std::nullopt);
  shell.step(Wanted{{8, {wanted("alarm")}}});
  EXPECT_TRUE(shell.idle());
  shell.step(Wanted{{9, {wanted("alarm", 'b')}}});
  EXPECT_EQ(shell.take<Fetch>().size(), 1u);
}

TEST(Reconciler, The_old_version_stays_active_while_the_new_one_is_on_its_way) {
  Shell shell;
  shell.step(Active{{active("alarm", 'a')}});
  shell.step(Wanted{{7, {wanted("alarm", 'b')}}});
  EXPECT_TRUE(shell.take<Remove>().empty());
  const auto status = shell.status("alarm");
  EXPECT_EQ(status.module_sha256, module('a'));
  EXPECT_EQ(status.state, "fetching");
}

TEST(Reconciler, A_failed_removal_is_tried_again) {
  Shell shell;
  shell.step(Active{{active("alarm")}});
  shell.step(Wanted{{7, {}}});
  (void)shell.take<Remove>();
  shell.step(Journaled{"alarm", limit_exceeded("journal full")});
  shell.now_ += seconds(30);
  shell.step(Tick{});
  EXPECT_EQ(shell.take<Remove>().size(), 1u);
}

}  // namespace
}  // namespace doppel::uplink
