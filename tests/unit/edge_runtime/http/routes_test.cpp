#include "edge_runtime/http/routes.h"

#include <gtest/gtest.h>

#include "edge_runtime/http/multipart.h"
#include "tests/unit/edge_runtime/http/fake_api.h"

namespace doppel {
namespace {

const NameValue kJson{"Content-Type", "application/json"};

class Routes : public testing::Test {
 protected:
  Response edge(const Call& asked) { return *call(edge_router_, asked).response; }
  Response coordinator(const Call& asked) { return *call(coordinator_router_, asked).response; }
  // Every refusal must name what is wrong.
  void expect_refused(const Call& asked, std::string_view words) {
    const auto response = edge(asked);
    EXPECT_EQ(response.status, Status::bad_request) << asked.target << asked.body;
    EXPECT_NE(response.body.find(words), std::string::npos) << response.body;
  }

  FakeEdge edge_;
  FakeCoordinator coordinator_;
  StreamHub hub_{"life"};
  const Router edge_router_ = make_edge_router(edge_, hub_, {});
  const Router coordinator_router_ = make_coordinator_router(coordinator_, hub_, {});
};

TEST_F(Routes, Twins_are_listed_by_every_filter) {
  EXPECT_EQ(edge({Method::get, "/api/v1/twins?limit=7&after=x%2Fy&format=values&prefix=p&model=m&status=stale&label=area=north"
                               "&label=line=2&where=temperature%3E=20.5&where=mode!=auto&where=on=true"}).body, edge_.json);
  const auto& query = *edge_.twin_query;
  EXPECT_EQ(query.page.limit, 7u);
  EXPECT_EQ(query.page.after, "x/y");
  EXPECT_EQ(query.format, TwinFormat::values);
  EXPECT_EQ(query.prefix, "p");
  EXPECT_EQ(query.model, "m");
  EXPECT_EQ(query.status, "stale");
  EXPECT_EQ(query.labels, (std::vector<NameValue>{{"area", "north"}, {"line", "2"}}));
  ASSERT_EQ(query.where.size(), 3u);
  EXPECT_EQ(query.where[0].property, "temperature");
  EXPECT_EQ(query.where[0].comparison, Comparison::greater_or_equal);
  EXPECT_EQ(query.where[0].value, Value(ValueView::of(20.5)));
  EXPECT_EQ(query.where[1].comparison, Comparison::not_equal);
  EXPECT_EQ(query.where[1].value, Value(ValueView::text("auto")));
  EXPECT_EQ(query.where[2].value, Value(ValueView::boolean(true)));
}

TEST_F(Routes, One_dead_letter_is_asked_by_its_number) {
  EXPECT_EQ(edge({Method::get, "/api/v1/dead-letters/17"}).body, edge_.json);
  EXPECT_EQ(edge_.dead_letter, 17u);
  for (const auto* number : {"0", "-1", "x", "1x", "99999999999999999999"}) {
    expect_refused({Method::get, std::string("/api/v1/dead-letters/") + number}, "a whole number from 1");
  }
}

TEST_F(Routes, Dead_letters_are_ordered_about_by_function_by_number_or_all) {
  const auto order = [&](std::string body) { return edge({Method::post, "/api/v1/dead-letter-orders", {kJson}, std::move(body)}); };
  EXPECT_EQ(order(R"({"action":"retry","function":"f"})").body, edge_.json);
  EXPECT_EQ(edge_.dead_letter_action->function, "f");
  EXPECT_FALSE(edge_.dead_letter_action->drop);
  order(R"({"action":"drop","numbers":[3,5]})");
  EXPECT_TRUE(edge_.dead_letter_action->drop);
  EXPECT_EQ(edge_.dead_letter_action->numbers, (std::vector<std::uint64_t>{3, 5}));
  order(R"({"action":"drop","all":true})");
  EXPECT_TRUE(edge_.dead_letter_action->numbers.empty());
  EXPECT_TRUE(edge_.dead_letter_action->function.empty());
}

TEST_F(Routes, An_order_about_dead_letters_that_does_not_say_which_is_refused) {
  const auto refused = [&](std::string body, std::string_view words) {
    expect_refused({Method::post, "/api/v1/dead-letter-orders", {kJson}, std::move(body)}, words);
  };
  refused(R"({"action":"drop"})", "exactly one of 'function', 'numbers' and 'all'");
  refused(R"({"action":"drop","all":true,"function":"f"})", "exactly one of");
  refused(R"({"action":"keep","all":true})", R"('action' is \"keep\")");
  refused(R"({"all":true})", "'action' is null");
  refused(R"({"action":"drop","all":false})", "it must be true");
  refused(R"({"action":"drop","numbers":[]})", "1 to 1000");
  refused(R"({"action":"drop","numbers":[-1]})", "a number is -1");
  refused(R"({"action":"retry","function":7})", "'function' is 7");
  refused(R"({"action":"retry","function":"No!"})", "function name 'No!'");
  refused(R"({"action":"retry","al":true})", "unknown member 'al'");
}

TEST_F(Routes, A_page_has_a_default_and_a_largest_size) {
  edge({Method::get, "/api/v1/twins"});
  EXPECT_EQ(edge_.twin_query->page.limit, kDefaultPage);
  for (const auto* limit : {"0", "1001", "-1", "x", "", "1e2", "99999999999999999999"}) {
    expect_refused({Method::get, std::string("/api/v1/twins?limit=") + limit}, "a whole number from 1 to 1000");
  }
}

TEST_F(Routes, A_filter_that_cannot_be_read_is_refused_with_what_is_allowed) {
  expect_refused({Method::get, "/api/v1/twins?status=happy"}, "one of online, stale, offline, never, unreachable");
  expect_refused({Method::get, "/api/v1/twins?where=temperature"}, "one of = != < <= > >=");
  expect_refused({Method::get, "/api/v1/twins?where=%3E3"}, "a property");
  expect_refused({Method::get, "/api/v1/twins?where=a!3"}, "one of = != < <= > >=");
  expect_refused({Method::get, "/api/v1/twins?where=a%3E%3E3"}, "one of = != < <= > >=");
  expect_refused({Method::get, "/api/v1/twins?label=north"}, "name=value");
  expect_refused({Method::get, "/api/v1/twins?format=xml"}, "one of full, values");
  expect_refused({Method::get, "/api/v1/twins?model=a&model=b"}, "given 2 times");
  expect_refused({Method::get, "/api/v1/aggregates?from=yesterday"}, "a time as");
  expect_refused({Method::get, "/api/v1/aggregates?level=world"}, "one of edge, region, fleet");
}

TEST_F(Routes, An_empty_property_asks_for_the_rows_that_count_and_no_property_for_all) {
  edge({Method::get, "/api/v1/aggregates?property="});
  EXPECT_EQ(edge_.aggregate_query->property, "");
  edge({Method::get, "/api/v1/aggregates?property=t"});
  EXPECT_EQ(edge_.aggregate_query->property, "t");
  edge({Method::get, "/api/v1/aggregates"});
  EXPECT_EQ(edge_.aggregate_query->property, std::nullopt);
}

TEST_F(Routes, A_twin_is_asked_by_its_decoded_id) {
  EXPECT_EQ(edge({Method::get, "/api/v1/twins/plant%2Fline1?format=values"}).body, edge_.json);
  EXPECT_EQ(edge_.twin, "plant/line1");
  EXPECT_EQ(edge_.format, TwinFormat::values);
  expect_refused({Method::get, "/api/v1/twins/" + std::string(257, 'a')}, "257 bytes; the limit is 256");
}

TEST_F(Routes, What_the_node_cannot_do_becomes_a_problem_document) {
  edge_.error = not_found("there is no twin 'a'");
  const auto response = edge({Method::get, "/api/v1/twins/a"});
  EXPECT_EQ(response.status, Status::not_found);
  EXPECT_NE(response.body.find("there is no twin 'a'"), std::string::npos);
}

TEST_F(Routes, A_property_is_set_with_its_revision_as_a_condition) {
  const auto response = edge({Method::put, "/api/v1/twins/a/properties/p%2Fq", {kJson, {"If-Match", "\"11\""}},
                              R"({"v":21.5,"ts":"2026-01-02T03:04:05Z"})"});
  EXPECT_EQ(response.status, Status::ok);
  EXPECT_EQ(response.headers[0], (NameValue{"ETag", "\"12\""}));
  EXPECT_EQ(edge_.write->property, "p/q");
  EXPECT_EQ(edge_.write->value, Value(ValueView::of(21.5)));
  EXPECT_EQ(edge_.write->expected_revision, 11u);
  EXPECT_EQ(format_rfc3339(*edge_.write->time), "2026-01-02T03:04:05Z");
}

TEST_F(Routes, Any_JSON_can_be_a_value) {
  const std::string target = "/api/v1/twins/a/properties/p";
  const auto value_of = [&](const std::string& text) {
    EXPECT_EQ(edge({Method::patch, target, {kJson}, "{\"v\":" + text + "}"}).status, Status::ok) << text;
    return edge_.write->value;
  };
  EXPECT_EQ(value_of("null"), Value(ValueView::null()));
  EXPECT_EQ(value_of("-3"), Value(ValueView::of(std::int64_t{-3})));
  EXPECT_EQ(value_of("5.0"), Value(ValueView::of(5.0)));
  EXPECT_EQ(value_of("\"x\""), Value(ValueView::text("x")));
  EXPECT_EQ(value_of("[1,2]"), Value(ValueView::json("[1,2]")));
  EXPECT_EQ(value_of("18446744073709551615"), Value(ValueView::json("18446744073709551615")));
}

TEST_F(Routes, Another_revision_is_412_and_a_newer_time_409) {
  const std::string target = "/api/v1/twins/a/properties/p";
  edge_.refusal = "revision is 12, not 11";
  EXPECT_EQ(edge({Method::put, target, {kJson, {"If-Match", "11"}}, R"({"v":1})"}).status, Status::precondition_failed);
  edge_.error = conflict("the value is newer");
  EXPECT_EQ(edge({Method::put, target, {kJson, {"If-Match", "11"}}, R"({"v":1})"}).status, Status::conflict);
  edge({Method::put, target, {kJson, {"If-None-Match", "*"}}, R"({"v":1})"});
  EXPECT_EQ(edge_.write->expected_revision, 0u);
}

TEST_F(Routes, A_write_that_cannot_be_read_is_refused_with_the_reason) {
  const std::string target = "/api/v1/twins/a/properties/p";
  expect_refused({Method::put, target, {kJson}, ""}, "not valid JSON");
  expect_refused({Method::put, target, {kJson}, "[1]"}, "must be an object");
  expect_refused({Method::put, target, {kJson}, "{}"}, "no member 'v'");
  expect_refused({Method::put, target, {kJson}, R"({"v":1,"value":2})"}, "unknown member 'value' in the body; allowed: v, ts");
  expect_refused({Method::put, target, {kJson}, R"({"v":1,"ts":5})"}, "'ts' is 5");
  expect_refused({Method::put, target, {kJson, {"If-Match", "abc"}}, R"({"v":1})"}, "If-Match is 'abc'");
  expect_refused({Method::put, target, {kJson}, "{\"v\":" + std::string(100'000, '[')}, "nested deeper than 64");
  expect_refused({Method::put, target, {kJson}, "{\"v\":\"\xff\"}"}, "not valid JSON");
}

TEST_F(Routes, A_query_carries_its_SQL_and_scalar_parameters) {
  EXPECT_EQ(edge({Method::post, "/api/v1/query", {kJson}, R"({"sql":"SELECT ?","parameters":[1,"a",null]})"}).status, Status::ok);
  EXPECT_EQ(edge_.sql->sql, "SELECT ?");
  EXPECT_EQ(edge_.sql->parameters.size(), 3u);
  expect_refused({Method::post, "/api/v1/query", {kJson}, R"({"sql":5})"}, "no text member 'sql'");
  expect_refused({Method::post, "/api/v1/query", {kJson}, R"({"sql":"","parameters":[[]]})"}, "it must be a scalar");
}

TEST_F(Routes, A_query_beyond_its_limits_is_422_since_asking_again_does_not_help) {
  edge_.error = limit_exceeded("the statement ran longer than 2000 ms");
  EXPECT_EQ(edge({Method::post, "/api/v1/query", {kJson}, R"({"sql":"SELECT 1"})"}).status, Status::unprocessable_content);
}

TEST_F(Routes, What_is_too_large_for_good_is_not_asked_for_again) {
  edge_.error = limit_exceeded("limits.fuel = 9 is above this node's functions.max_fuel = 5");
  const auto form = make_form({{"manifest", "", "name = \"f\""}, {"module", "", "\1"}});
  const auto refused = edge({Method::put, "/api/v1/functions/f", {{"Content-Type", form.content_type}}, form.body});
  EXPECT_EQ(refused.status, Status::unprocessable_content);
  EXPECT_TRUE(refused.headers.empty());
  edge_.error = limit_exceeded("twin a has 1024 desired values already");
  const auto full = edge({Method::put, "/api/v1/twins/a/properties/p", {kJson}, R"({"v":1})"});
  EXPECT_EQ(full.status, Status::insufficient_storage);
  EXPECT_TRUE(full.headers.empty());
}

TEST_F(Routes, A_function_is_uploaded_as_a_form_of_manifest_and_module) {
  const auto form = make_form({{"manifest", "function.toml", "name = \"f\""}, {"module", "f.wasm", "\1\2"}});
  const auto response = coordinator(
      {Method::put, "/api/v1/functions/f-1?edges=north,south*", {{"Content-Type", form.content_type}}, form.body});
  EXPECT_EQ(response.status, Status::created);
  EXPECT_EQ(coordinator_.upload->name.text(), "f-1");
  EXPECT_EQ(coordinator_.upload->manifest, "name = \"f\"");
  EXPECT_EQ(coordinator_.upload->module, "\1\2");
  EXPECT_EQ(coordinator_.upload->edges, "north,south*");
  EXPECT_FALSE(coordinator_.upload->future);
  coordinator_.created = false;
  EXPECT_EQ(coordinator({Method::put, "/api/v1/functions/f-1", {{"Content-Type", form.content_type}}, form.body}).status,
            Status::ok);
}

TEST_F(Routes, An_upload_that_lacks_a_part_or_has_a_bad_name_is_refused) {
  const auto form = make_form({{"manifest", "", "name = \"f\""}});
  expect_refused({Method::put, "/api/v1/functions/f", {{"Content-Type", form.content_type}}, form.body}, "no part 'module'");
  expect_refused({Method::put, "/api/v1/functions/F%20g", {{"Content-Type", form.content_type}}, form.body},
                 "function name 'F g'");
}

TEST_F(Routes, A_node_that_recovers_is_healthy_and_says_that_it_is_not_ready_for_anything) {
  const Router starting = make_starting_router();
  EXPECT_EQ(call(starting, {Method::get, "/healthz"}).response->status, Status::ok);
  for (const char* path : {"/readyz", "/", "/api/v1/twins", "/metrics"}) {
    const auto answer = *call(starting, {Method::get, path}).response;
    EXPECT_EQ(answer.status, Status::service_unavailable) << path;
    EXPECT_NE(answer.body.find("the node is starting"), std::string::npos) << path << answer.body;
  }
}

TEST_F(Routes, A_function_is_deployed_to_edges_that_come_later_where_that_is_asked_for) {
  const auto form = make_form({{.name = "manifest", .filename = "", .content = "m"}, {.name = "module", .filename = "", .content = "w"}});
  const auto put = [&](const std::string& future) {
    return coordinator({Method::put, "/api/v1/functions/f?edges=region:emea&future=" + future, {{"Content-Type", form.content_type}}, form.body});
  };
  EXPECT_EQ(put("true").status, Status::created);
  EXPECT_TRUE(coordinator_.upload->future);
  EXPECT_EQ(put("yes").status, Status::bad_request);
}

TEST_F(Routes, A_function_is_deleted_for_the_edges_that_are_named) {
  EXPECT_EQ(coordinator({Method::remove, "/api/v1/functions/f?edges=north"}).status, Status::ok);
  EXPECT_EQ(coordinator_.function, "f");
  EXPECT_EQ(coordinator_.edges, "north");
}

TEST_F(Routes, A_coordinator_asks_the_edge_that_is_named_for_a_twin) {
  coordinator({Method::get, "/api/v1/edges/north/twins/a%2Fb"});
  EXPECT_EQ(coordinator_.edge + " " + coordinator_.twin, "north a/b");
  coordinator({Method::get, "/api/v1/twins/c?edge=south"});
  EXPECT_EQ(coordinator_.edge + " " + coordinator_.twin, "south c");
  coordinator({Method::get, "/api/v1/twins/c"});
  EXPECT_EQ(coordinator_.edge, "");
  EXPECT_EQ(coordinator({Method::get, "/api/v1/edges/No!"}).status, Status::bad_request);
}

TEST_F(Routes, Health_and_readiness_are_200_or_503_with_the_reason) {
  EXPECT_EQ(edge({Method::get, "/healthz"}).body, "ok\n");
  edge_.error = unavailable("recovering: 40 % of the journal read");
  const auto response = edge({Method::get, "/readyz"});
  EXPECT_EQ(response.status, Status::service_unavailable);
  EXPECT_NE(response.body.find("40 % of the journal"), std::string::npos);
}

TEST_F(Routes, Metrics_come_in_the_text_format) {
  const auto response = edge({Method::get, "/metrics", {{"Accept", "text/plain;version=0.0.4;q=1,*/*;q=0.1"}}});
  EXPECT_EQ(response.content_type, kMetricsMediaType);
  EXPECT_NE(response.body.find("doppel_events_total 7\n"), std::string::npos);
}

TEST_F(Routes, A_stream_takes_filters_and_goes_on_after_the_last_event) {
  const auto caught = call(
      edge_router_, {Method::get, "/api/v1/stream?twin=a", {{"Accept", "text/event-stream"}, {"Last-Event-ID", "life-0"}}});
  ASSERT_NE(caught.stream, nullptr);
  EXPECT_EQ(call(edge_router_, {Method::get, "/api/v1/stream?topic=a"}).response->status, Status::bad_request);
}

}  // namespace
}  // namespace doppel
