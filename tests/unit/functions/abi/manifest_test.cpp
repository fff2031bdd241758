#include "functions/abi/manifest.h"

#include <gtest/gtest.h>

#include "functions/abi/quantity.h"

namespace doppel {
namespace {

constexpr const char* kWhole = R"(name = "overheat"
version = "1.2.0"
reads = ["temperature: f64", "count: i64", "on: bool", "label: string", "twin.limit: f64"]
writes = ["mean_temperature: f64"]
state_bytes = 16
state_version = 2
on_state_change = "reset"
payload = true
[[trigger]]
topic = "plant/+/motor/+"
[[trigger]]
twin_change = ["limit"]
[[trigger]]
event = "recalibrate"
[[trigger]]
alarm = "check"
[limits]
fuel = "2M"
memory = "1MiB"
output = "8KiB"
run_events = 100
[grants]
publish = ["plant/+/alarm"]
send = ["plant/#"]
http = ["https://hooks.example.com/"]
[config]
zone = "A"
gain = 1.5
steps = 3
on = true
)";

TEST(Manifest, A_whole_one_is_read) {
  const auto manifest = parse_manifest(kWhole);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->name.text(), "overheat");
  EXPECT_EQ(manifest->version, "1.2.0");
  ASSERT_EQ(manifest->reads.size(), 5u);
  EXPECT_EQ(manifest->reads[0].name, "temperature");
  EXPECT_EQ(manifest->reads[3].type, ValueKind::text);
  EXPECT_EQ(manifest->reads[4].name, "limit");
  EXPECT_TRUE(manifest->reads[4].of_twin);
  ASSERT_EQ(manifest->writes.size(), 1u);
  EXPECT_EQ(manifest->state_bytes, 16u);
  EXPECT_EQ(manifest->state_version, 2u);
  EXPECT_TRUE(manifest->reset_state_on_change);
  EXPECT_TRUE(manifest->wants_payload);
  ASSERT_EQ(manifest->topics.size(), 1u);
  EXPECT_EQ(manifest->topics[0].filter, "plant/+/motor/+");
  EXPECT_TRUE(manifest->on_twin_change);
  EXPECT_EQ(manifest->change_properties, std::vector<std::string>{"limit"});
  EXPECT_EQ(manifest->emitted, std::vector<std::string>{"recalibrate"});
  EXPECT_EQ(manifest->alarms, std::vector<std::string>{"check"});
  EXPECT_EQ(manifest->limits.fuel, 2'000'000u);
  EXPECT_EQ(manifest->limits.memory_bytes, 1u << 20);
  EXPECT_EQ(manifest->limits.output_bytes, 8u << 10);
  EXPECT_EQ(manifest->limits.run_events, 100u);
  EXPECT_EQ(manifest->grants.publish, std::vector<std::string>{"plant/+/alarm"});
  EXPECT_EQ(manifest->grants.send, std::vector<std::string>{"plant/#"});
  EXPECT_EQ(manifest->grants.http, std::vector<std::string>{"https://hooks.example.com/"});
}

TEST(Manifest, Config_comes_in_name_order_with_its_types) {
  const auto manifest = parse_manifest(kWhole);
  ASSERT_EQ(manifest->config.size(), 4u);
  EXPECT_EQ(manifest->config[0].first, "gain");
  EXPECT_TRUE(manifest->config[0].second.view() == ValueView::of(1.5));
  EXPECT_EQ(manifest->config[1].first, "on");
  EXPECT_TRUE(manifest->config[1].second.view() == ValueView::boolean(true));
  EXPECT_EQ(manifest->config[2].first, "steps");
  EXPECT_TRUE(manifest->config[2].second.view() == ValueView::of(std::int64_t{3}));
  EXPECT_EQ(manifest->config[3].first, "zone");
  EXPECT_TRUE(manifest->config[3].second.view() == ValueView::text("A"));
}

TEST(Manifest, What_is_left_out_grants_nothing_and_has_defaults) {
  const auto manifest = parse_manifest("name = 'f'\nversion = '1'\n[[trigger]]\ntopic = 'a'\n");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_TRUE(manifest->grants.publish.empty() && manifest->grants.send.empty() && manifest->grants.http.empty());
  EXPECT_EQ(manifest->limits.fuel, FunctionLimits{}.fuel);
  EXPECT_EQ(manifest->state_bytes, 0u);
  EXPECT_FALSE(manifest->wants_payload);
}

TEST(Manifest, Promise8_everything_wrong_is_said_at_once_with_line_value_and_range) {
  const auto manifest = parse_manifest(R"(name = "Over heat"
reads = ["temperature: float", "twin.limit: f64", "twin.limit: i64"]
writes = ["twin.mean: f64"]
state_bytes = 70000
on_state_change = "forget"
colour = "red"
[[trigger]]
topic = "plant/#/x"
[[trigger]]
cron = "* * * * *"
[limits]
fuel = "5X"
memory = "1KiB"
[grants]
http = ["https://hooks.example.com"]
[config]
list = [1]
)");
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().code, ErrorCode::invalid_input);
  EXPECT_EQ(manifest.error().message,
            R"(function.toml: version is missing, as in version = "1.0.0"
function.toml:1: name = "Over heat" is not 1 to 63 of a-z, 0-9, - and _ that begin with a letter
function.toml:2: "temperature: float" in reads is not "NAME: TYPE" with a type of f64, i64, bool, string
function.toml:2: "twin.limit: i64" in reads is there twice
function.toml:3: "twin.mean: f64" in writes: a function writes only its own twin, leave out "twin."
function.toml:4: state_bytes = 70000 is not a quantity from 0 to 65,536 (as in 5000, "5K", "1MiB")
function.toml:5: on_state_change = "forget" is not "refuse" or "reset"
function.toml:6: unknown key colour; known here: name, version, reads, writes, state_bytes, state_version, on_state_change, payload, trigger, limits, grants, config
function.toml:8: topic = "plant/#/x" is not an MQTT topic filter
function.toml:10: unknown key trigger.cron; known here: topic, twin_change, event, alarm
function.toml:12: limits.fuel = "5X" is not a quantity from 1,000 to 10,000,000,000 (as in 5000, "5K", "1MiB")
function.toml:13: limits.memory = "1KiB" is not a quantity from 65,536 to 67,108,864 (as in 5000, "5K", "1MiB")
function.toml:15: "https://hooks.example.com" in grants.http is not an http or https URL with a '/' after the host
function.toml:17: config.list = [1] is not a string, number or boolean under a name of 1 to 256 bytes)");
}

TEST(Manifest, A_syntax_error_names_its_line) {
  const auto manifest = parse_manifest("name = \"f\"\nversion = \n");
  ASSERT_FALSE(manifest);
  EXPECT_TRUE(manifest.error().message.starts_with("function.toml:2:")) << manifest.error().message;
}

std::string refusal(std::string_view toml) {
  const auto manifest = parse_manifest(toml);
  return manifest ? "" : manifest.error().message;
}

TEST(Manifest, A_text_that_the_parser_may_not_get_is_refused_with_its_line) {
  EXPECT_EQ(refusal("name = 'f'\nx = 8\"é\""), "function.toml:2:6: a quote inside a key or value");
}

TEST(Manifest, Config_is_in_name_order_whatever_the_order_of_the_lines) {
  const auto manifest = parse_manifest("name = 'f'\nversion = '1'\n[[trigger]]\ntopic = 'é/+'\n[config]\nb = 1\na = 2.5\n");
  ASSERT_TRUE(manifest) << manifest.error().message;
  ASSERT_EQ(manifest->config.size(), 2u);
  EXPECT_EQ(manifest->config[0].first, "a");
  EXPECT_EQ(manifest->config[1].first, "b");
}

TEST(Manifest, One_that_nothing_triggers_is_refused) {
  const auto manifest = parse_manifest("name = 'f'\nversion = '1'\n");
  ASSERT_FALSE(manifest);
  EXPECT_NE(manifest.error().message.find("no trigger"), std::string::npos);
}

TEST(Manifest, State_that_the_memory_cannot_hold_is_refused) {
  const auto manifest =
      parse_manifest("name = 'f'\nversion = '1'\nstate_bytes = 65536\n[[trigger]]\ntopic = 'a'\n[limits]\nmemory = '64KiB'\n");
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().message, "function.toml: limits.memory = 65,536 is less than four times state_bytes, 262,144");
}

TEST(Manifest, Too_long_a_text_is_refused_before_it_is_parsed) {
  EXPECT_FALSE(parse_manifest(std::string(kMaxManifestBytes + 1, '#')));
}

TEST(Quantity, Is_digits_with_a_unit) {
  EXPECT_EQ(parse_quantity("5000"), 5000u);
  EXPECT_EQ(parse_quantity("5K"), 5000u);
  EXPECT_EQ(parse_quantity("5M"), 5'000'000u);
  EXPECT_EQ(parse_quantity("2GB"), 2'000'000'000u);
  EXPECT_EQ(parse_quantity("64KiB"), 65'536u);
  EXPECT_EQ(parse_quantity("1Mi"), 1u << 20);
  EXPECT_EQ(parse_quantity("12B"), 12u);
  for (const char* text : {"", "M", "-1", "1.5M", "5 M", "5X", "5MM", "99999999999G", "99999999999999999999"}) {
    EXPECT_FALSE(parse_quantity(text)) << text;
  }
}

TEST(Manifest, a_grant_that_nothing_performs_is_understood_and_refused_by_name_where_a_function_is_accepted) {
  const auto manifest = parse_manifest("name = 'f'\nversion = '1'\n[[trigger]]\ntopic = 'd/#'\n[grants]\nhttp = ['https://hooks.example.com/']\n");
  ASSERT_TRUE(manifest) << manifest.error().message;
  const auto performed = check_is_performed(*manifest);
  ASSERT_FALSE(performed);
  EXPECT_EQ(performed.error().code, ErrorCode::invalid_input);
  EXPECT_NE(performed.error().message.find("grants.http = [\"https://hooks.example.com/\"]"), std::string::npos) << performed.error().message;
}

}  // namespace
}  // namespace doppel
