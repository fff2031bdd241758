#include "edge_runtime/http/multipart.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

const std::string kType = "multipart/form-data; boundary=xyz";

TEST(Multipart, Parts_have_their_names_and_exact_bytes) {
  const std::string body =
      "--xyz\r\nContent-Disposition: form-data; name=\"manifest\"\r\n\r\nname = \"a\"\r\n\r\n--xyz\r\n"
      "Content-Type: application/wasm\r\ncontent-disposition: form-data; name=module; filename=\"m.wasm\"\r\n\r\n"
      "\1--xy\r\n\r\n--xyz--\r\n";
  const auto parts = parse_form(kType, body);
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].name, "manifest");
  EXPECT_EQ((*parts)[0].content, "name = \"a\"\r\n");
  EXPECT_EQ((*parts)[1].filename, "m.wasm");
  EXPECT_EQ((*parts)[1].content, "\1--xy\r\n");
}

TEST(Multipart, What_is_made_is_read_back) {
  const std::string binary("\0\r\n--\xff", 6);
  const auto form = make_form({{"manifest", "", "text"}, {"module", "m.wasm", binary}});
  const auto parts = parse_form(form.content_type, form.body);
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[1].content, binary);
}

TEST(Multipart, A_form_that_is_cut_anywhere_is_refused) {
  const auto form = make_form({{"manifest", "", "text"}, {"module", "m.wasm", "bytes"}});
  for (std::size_t size = 0; size + 2 < form.body.size(); ++size) {
    EXPECT_FALSE(parse_form(form.content_type, std::string_view(form.body).substr(0, size))) << size;
  }
}

TEST(Multipart, A_part_without_a_name_is_refused) {
  EXPECT_FALSE(parse_form(kType, "--xyz\r\nContent-Type: a/b\r\n\r\nx\r\n--xyz--"));
  EXPECT_FALSE(parse_form(kType, "--xyz\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--xyz--"));
}

TEST(Multipart, A_boundary_must_be_given) {
  EXPECT_FALSE(parse_form("multipart/form-data", "--\r\n"));
  EXPECT_FALSE(parse_form("multipart/form-data; boundary=\"\"", "--\r\n"));
  EXPECT_FALSE(parse_form("multipart/form-data; boundary=" + std::string(71, 'b'), ""));
}

TEST(Multipart, More_parts_than_allowed_are_refused) {
  const auto form = make_form(std::vector<FormPart>(kMaxFormParts + 1, FormPart{"a", "", "x"}));
  const auto parts = parse_form(form.content_type, form.body);
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().code, ErrorCode::limit_exceeded);
}

}  // namespace
}  // namespace doppel
