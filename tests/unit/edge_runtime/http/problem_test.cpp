#include "edge_runtime/http/problem.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace doppel {
namespace {

TEST(Problem, A_document_has_the_members_of_RFC_9457) {
  const auto response = problem(not_found("there is no twin 'a\"b'"), "/api/v1/twins/a%22b");
  EXPECT_EQ(response.status, Status::not_found);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto document = nlohmann::json::parse(response.body);
  EXPECT_EQ(document["type"], "urn:doppel:problem:not-found");
  EXPECT_EQ(document["title"], "Not Found");
  EXPECT_EQ(document["status"], 404);
  EXPECT_EQ(document["detail"], "there is no twin 'a\"b'");
  EXPECT_EQ(document["instance"], "/api/v1/twins/a%22b");
}

TEST(Problem, Every_error_code_has_its_status) {
  EXPECT_EQ(status_of(ErrorCode::invalid_input), Status::bad_request);
  EXPECT_EQ(status_of(ErrorCode::not_found), Status::not_found);
  EXPECT_EQ(status_of(ErrorCode::conflict), Status::conflict);
  EXPECT_EQ(status_of(ErrorCode::limit_exceeded), Status::unprocessable_content);
  EXPECT_EQ(status_of(ErrorCode::unavailable), Status::service_unavailable);
  EXPECT_EQ(status_of(ErrorCode::corrupt_data), Status::internal_server_error);
  EXPECT_EQ(status_of(ErrorCode::internal), Status::internal_server_error);
}

TEST(Problem, What_may_work_later_says_when_to_try_again) {
  const auto response = problem(unavailable("recovering"), "/readyz");
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0].first, "Retry-After");
}

TEST(Problem, What_is_refused_for_ever_does_not_ask_to_be_tried_again) {
  EXPECT_TRUE(problem(limit_exceeded("a module of 5 MiB, at most 4"), "/").headers.empty());
  for (const auto status : {Status::content_too_large, Status::unprocessable_content, Status::insufficient_storage}) {
    EXPECT_TRUE(problem(status, "too much", "/").headers.empty());
    EXPECT_EQ(error_of(status, "").code, ErrorCode::limit_exceeded);
  }
  EXPECT_EQ(error_of(Status::too_many_requests, "").code, ErrorCode::unavailable);
}

TEST(Problem, Detail_that_is_not_UTF8_still_gives_JSON) {
  EXPECT_TRUE(nlohmann::json::accept(problem(Status::bad_request, "\xff\xfe\n\x01", "/\x80").body));
}

TEST(Problem, A_client_gets_the_error_back) {
  for (const auto code : {ErrorCode::invalid_input, ErrorCode::not_found, ErrorCode::conflict, ErrorCode::limit_exceeded,
                          ErrorCode::unavailable, ErrorCode::internal}) {
    const auto response = problem({code, "what happened"}, "/");
    const auto error = error_of(response.status, response.body);
    EXPECT_EQ(error.code, code);
    EXPECT_EQ(error.message, "what happened");
  }
  EXPECT_EQ(error_of(Status::not_found, "<html>").message, "the server answered 404");
}

}  // namespace
}  // namespace doppel
