#include "edge_runtime/programs/twin_filter.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

const std::string kPage =
    R"({"items":[{"id":"a","edge":"n","model":"pump","status":"online","labels":{"area":"x"},"properties":{"t":{"v":21.5,"rev":1}}},)"
    R"({"id":"b","edge":"n","model":null,"status":"stale","labels":{},"properties":{"t":{"v":"warm"},"big":{"v":18446744073709551615}}},)"
    R"({"id":"c","edge":"n","labels":7,"properties":[3]}],"next":"cursor"})";

Predicate predicate(const std::string& property, Comparison comparison, const ValueView& value) { return {property, comparison, Value(value)}; }

TEST(AsAsked, A_page_without_filters_is_as_it_was) { EXPECT_EQ(as_asked(kPage, {}), kPage); }

TEST(AsAsked, Only_twins_that_fit_every_filter_are_left_whatever_an_edge_has_sent) {
  const auto ids = [](const TwinQuery& query) {
    const std::string page = as_asked(kPage, query);
    std::string found;
    for (const char* id : {"a", "b", "c"}) {
      if (page.find("\"id\":\"" + std::string(id) + "\"") != std::string::npos) found += id;
    }
    EXPECT_TRUE(page.ends_with(R"("next":"cursor"})"));
    return found;
  };
  TwinQuery query;
  query.model = "pump";
  EXPECT_EQ(ids(query), "a");
  query = {};
  query.status = "stale";
  EXPECT_EQ(ids(query), "b");
  query = {};
  query.labels = {{"area", "x"}};
  EXPECT_EQ(ids(query), "a");
  query = {};
  query.where = {predicate("t", Comparison::greater, ValueView::of(21.0))};
  EXPECT_EQ(ids(query), "a");
  query.where = {predicate("t", Comparison::equal, ValueView::text("warm"))};
  EXPECT_EQ(ids(query), "b");
  query.where = {predicate("big", Comparison::greater, ValueView::of(std::int64_t{1}))};
  EXPECT_EQ(ids(query), "b");
  query.where.push_back(predicate("t", Comparison::not_equal, ValueView::text("warm")));
  EXPECT_EQ(ids(query), "");
}

TEST(AsAsked, Plain_values_keep_the_edge) {
  TwinQuery query;
  query.format = TwinFormat::values;
  query.model = "pump";
  EXPECT_EQ(as_asked(kPage, query), R"({"items":[{"id":"a","edge":"n","properties":{"t":21.5}}],"next":"cursor"})");
  EXPECT_EQ(in_format(R"({"id":"a","edge":"n","properties":{"t":{"v":1,"rev":2}}})", TwinFormat::values),
            R"({"id":"a","edge":"n","properties":{"t":1}})");
}

}  // namespace
}  // namespace doppel
