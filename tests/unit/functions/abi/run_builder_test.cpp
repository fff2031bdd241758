#include <gtest/gtest.h>

#include <cstring>

#include "functions/abi/doppel_abi.h"
#include "functions/abi/run.h"
#include "tests/unit/functions/abi/golden.h"

namespace doppel {
namespace {

Manifest golden_manifest() {
  auto manifest = parse_manifest(R"(
    name = "overheat"
    version = "1.0.0"
    reads = ["temperature: f64", "count: i64", "running: bool", "label: string", "twin.limit: f64"]
    state_bytes = 12
    state_version = 3
    payload = true
    [[trigger]]
    topic = "plant/#"
    [config]
    steps = -4
    gain = 1.5
    on = true
    mode = "fast"
  )");
  return std::move(manifest).value();
}

RunEvent event(std::int64_t time, std::int64_t arrival, std::uint64_t position, std::uint64_t seed) {
  RunEvent out;
  out.time = from_nanoseconds(time);
  out.arrival = from_nanoseconds(arrival);
  out.position = Position{position};
  out.seed = seed;
  out.topic = "plant/a/motor/7";
  return out;
}

void build_golden_run(RunBuilder& builder) {
  builder.begin();
  builder.add_twin("plant/a/motor/7", std::string(12, '\x01'));
  builder.add_twin("caf\xc3\xa9", "");
  RunEvent first = event(1'700'000'000'000'000'000, 1'700'000'000'500'000'000, 41, 0x1122334455667788);
  first.payload = "{\"temperature\":71.5}";
  builder.add_event(first, std::vector{ValueView::of(71.5), ValueView::null(), ValueView::boolean(true), ValueView::text("ok"),
                                       ValueView::of(90.0)});
  builder.add_event(event(1'700'000'001'000'000'000, 1'700'000'001'500'000'000, 42, 0x99aabbccddeeff00),
                    std::vector{ValueView::null(), ValueView::of(std::int64_t{-3}), ValueView::boolean(false), ValueView::null(),
                                ValueView::of(90.0)});
  RunEvent third = event(-1, 1'700'000'002'500'000'000, 43, 7);
  third.trigger = TriggerKind::alarm;
  third.twin = 1;
  third.topic = "check";
  builder.add_event(third, std::vector<ValueView>(5));
}

TEST(RunBuilder, Abi3_a_run_has_the_golden_bytes) {
  const Manifest manifest = golden_manifest();
  RunBuilder builder(manifest);
  build_golden_run(builder);
  const std::size_t size = builder.size();
  const auto run = builder.finish();
  EXPECT_EQ(size, run.size());
  EXPECT_EQ(golden::hex({run.data(), run.size()}), golden::hex(golden::read("run.hex")));
}

TEST(RunBuilder, A_builder_that_is_used_again_makes_the_same_bytes) {
  const Manifest manifest = golden_manifest();
  RunBuilder builder(manifest);
  builder.begin();
  builder.add_twin("another", std::string(12, '\x7f'));
  for (int i = 0; i < 200; ++i) builder.add_event(event(i, i, 1, 1), std::vector<ValueView>(5, ValueView::text("left over")));
  builder.finish();
  build_golden_run(builder);
  const auto run = builder.finish();
  EXPECT_EQ(golden::hex({run.data(), run.size()}), golden::hex(golden::read("run.hex")));
}

TEST(RunBuilder, Abi5_a_value_of_another_type_is_absent) {
  const Manifest manifest = golden_manifest();
  RunBuilder builder(manifest);
  builder.begin();
  builder.add_twin("t", "");
  builder.add_event(event(0, 0, 1, 0), std::vector{ValueView::text("hot"), ValueView::of(1.0), ValueView::of(std::int64_t{1}),
                                                   ValueView::bytes("x"), ValueView::null()});
  const auto run = builder.finish();
  doppel_run_header header;
  std::memcpy(&header, run.data(), sizeof header);
  for (std::uint32_t i = 0; i < header.column_count; ++i) {
    doppel_column_row column;
    std::memcpy(&column, run.data() + header.columns_offset + i * sizeof column, sizeof column);
    std::uint64_t validity = 1;
    std::memcpy(&validity, run.data() + column.validity_offset, sizeof validity);
    EXPECT_EQ(validity, 0u) << "column " << i;
  }
}

TEST(RunBuilder, Abi5_validity_goes_on_in_a_second_word_after_64_events) {
  const auto manifest = parse_manifest("name='f'\nversion='1'\nreads=['x: f64']\n[[trigger]]\ntopic='#'\n");
  RunBuilder builder(*manifest);
  builder.begin();
  builder.add_twin("t", "");
  for (int i = 0; i < 65; ++i) {
    builder.add_event(event(i, i, 1, 0), std::vector{i == 3 || i == 64 ? ValueView::of(1.0 * i) : ValueView::null()});
  }
  const auto run = builder.finish();
  doppel_run_header header;
  std::memcpy(&header, run.data(), sizeof header);
  doppel_column_row column;
  std::memcpy(&column, run.data() + header.columns_offset, sizeof column);
  std::uint64_t validity[2];
  std::memcpy(validity, run.data() + column.validity_offset, sizeof validity);
  EXPECT_EQ(validity[0], 8u);
  EXPECT_EQ(validity[1], 1u);
  double last = 0;
  std::memcpy(&last, run.data() + column.values_offset + 64 * 8, sizeof last);
  EXPECT_EQ(last, 64.0);
}

TEST(RunBuilder, Abi6_a_state_block_is_read_back_from_where_the_run_holds_it) {
  const Manifest manifest = golden_manifest();
  RunBuilder builder(manifest);
  build_golden_run(builder);
  const auto run = builder.finish();
  EXPECT_EQ(builder.state(0), std::string(12, '\x01'));
  EXPECT_EQ(builder.state(1), std::string(12, '\0'));
  doppel_twin_row twin;
  std::memcpy(&twin, run.data() + 0x128 + sizeof twin, sizeof twin);
  run[twin.state_offset] = 'x';
  EXPECT_EQ(builder.state(1)[0], 'x');
}

TEST(RunBuilder, A_function_without_state_and_columns_has_runs_too) {
  const auto manifest = parse_manifest("name='f'\nversion='1'\n[[trigger]]\ntopic='#'\n");
  RunBuilder builder(*manifest);
  builder.begin();
  EXPECT_EQ(builder.event_count(), 0u);
  EXPECT_EQ(builder.finish().size(), 80u);
  builder.add_twin("t", "");
  builder.add_event(event(0, 0, 1, 0), {});
  EXPECT_EQ(builder.event_count(), 1u);
  EXPECT_EQ(builder.finish().size(), builder.size());
  EXPECT_EQ(builder.state(0), "");
}

}  // namespace
}  // namespace doppel
