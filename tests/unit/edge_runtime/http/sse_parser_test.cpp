#include "edge_runtime/http/sse_parser.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

std::string parse(std::string_view text, std::size_t piece) {
  SseParser parser;
  std::string seen;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    parser.feed(text.substr(0, piece),
                [&](const SseEvent& event) { seen += event.type + '|' + event.data + '|' + event.id + '\n'; });
  }
  return seen;
}

TEST(SseParser, Events_are_the_same_in_whatever_pieces_they_arrive) {
  const std::string text = ": comment\n\nid: 1\nevent: change\ndata: a\ndata:b\n\r\nid: 2\r\n\r\ndata\r\rdata: c\n\nretry: 5\n\n";
  const std::string expected = "change|a\nb|1\nmessage||2\nmessage|c|2\n";
  for (std::size_t piece = 1; piece < text.size(); ++piece) EXPECT_EQ(parse(text, piece), expected) << piece;
}

TEST(SseParser, An_event_without_data_only_moves_the_id) {
  SseParser parser;
  parser.feed("id: 9\n\n", [](const SseEvent&) { FAIL(); });
  EXPECT_EQ(parser.last_event_id(), "9");
}

TEST(SseParser, An_unfinished_event_is_not_given) { EXPECT_EQ(parse("data: a\n", 100), ""); }

TEST(SseParser, Endless_lines_are_cut) {
  SseParser parser;
  std::size_t size = 0;
  parser.feed("data: " + std::string(3 * SseParser::kMaxLine, 'x') + "\n\n",
              [&](const SseEvent& event) { size = event.data.size(); });
  EXPECT_LE(size, SseParser::kMaxLine);
  EXPECT_GT(size, SseParser::kMaxLine / 2);
}

}  // namespace
}  // namespace doppel
