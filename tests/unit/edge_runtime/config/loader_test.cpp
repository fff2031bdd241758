#include "edge_runtime/config/loader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "edge_runtime/config/doc.h"
#include "edge_runtime/config/text_rules.h"
#include "twin_store/model/loopback.h"

namespace doppel {
namespace {

using namespace std::chrono_literals;

ConfigSource text(std::string toml) {
  return {.file = "node.toml", .toml = std::move(toml), .overrides = {}, .host = {"Gate-7.local", "", "/var/lib/doppel"}};
}

EdgeConfig edge(const ConfigSource& source) {
  auto loaded = load_edge_config(source);
  EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
  return loaded.value_or(EdgeConfig());
}

std::string edge_error(const ConfigSource& source) {
  const auto loaded = load_edge_config(source);
  return loaded ? "" : loaded.error().message;
}

TEST(Config, nothing_at_all_is_a_configuration_with_the_hosts_name) {
  const EdgeConfig config = edge(text(""));
  EXPECT_EQ(config.name, "gate-7");
  EXPECT_EQ(config.data, "/var/lib/doppel/gate-7");
  EXPECT_TRUE(config.mqtt.empty());
  ASSERT_EQ(config.windows.size(), 1u);
  EXPECT_EQ(config.windows[0].name, "1m");
  EXPECT_EQ(config.store.commit_interval, 10s);
}

TEST(Config, a_broker_on_the_command_line_is_enough) {
  ConfigSource source = text("");
  source.overrides = {{"mqtt.url", "mqtt://127.0.0.1:1883", "--mqtt"}};
  const EdgeConfig config = edge(source);
  ASSERT_EQ(config.mqtt.size(), 1u);
  EXPECT_EQ(config.mqtt[0].url, "mqtt://127.0.0.1:1883");
  EXPECT_EQ(config.mqtt[0].topics, std::vector<std::string>{"#"});
  EXPECT_EQ(config.mqtt[0].client_id, "doppel-gate-7-mqtt");
}

TEST(Config, publications_go_to_one_broker_and_to_the_first_where_none_is_chosen) {
  const std::string first = "[[mqtt]]\nurl = \"mqtt://a\"\n", second = "[[mqtt]]\nurl = \"mqtt://b\"\n", chosen = "publish = true\n";
  const auto publish = [](const EdgeConfig& config) { return std::pair(config.mqtt.at(0).publish, config.mqtt.at(1).publish); };
  EXPECT_EQ(publish(edge(text(first + second))), std::pair(true, false));
  EXPECT_EQ(publish(edge(text(first + second + chosen))), std::pair(false, true));
  EXPECT_EQ(edge_error(text(first + chosen + second + chosen)),
            "node.toml:6: mqtt.publish: is true for \"mqtt\" already; publications go to one broker");
}

TEST(Config, the_backlog_of_the_uplink_holds_all_windows_that_the_edge_keeps) {
  const std::string uplink = "[windows]\nmax_rows = 5000\n[uplink]\naddress = \"tcp://127.0.0.1:7090\"\n";
  EXPECT_EQ(edge(text(uplink)).uplink.backlog_rows, 10'000u);
  EXPECT_EQ(edge(text(uplink + "backlog_rows = 5000\n")).uplink.backlog_rows, 5'000u);
  EXPECT_EQ(edge_error(text(uplink + "backlog_rows = 4999\n")),
            "node.toml:5: uplink.backlog_rows: 4999 is less than windows.max_rows, 5000: windows that the edge still holds would not reach the "
            "coordinator");
}

TEST(Config, a_flag_stands_above_the_file) {
  ConfigSource source = text("name = \"north\"\n[journal]\nsync = \"never\"\n");
  source.overrides = {{"name", "south", "--name"}, {"journal.sync", "always", "--set"}};
  const EdgeConfig config = edge(source);
  EXPECT_EQ(config.name, "south");
  EXPECT_EQ(config.journal.sync, SyncPolicy::always);
}

TEST(Config, every_section_is_read) {
  const EdgeConfig config = edge(text(R"(
name = "north"
region = "eu"
geo = [9.18, 48.78]
[[mqtt]]
url = "mqtts://broker.example:8883"
topics = ["plant/#", "yard/+"]
qos = 0
[[mapping]]
topic = "plant/{area}/motor/{motor}"
twin = "{area}/{motor}"
time = "/t"
[mapping.fields]
temperature = "/values/0"
[[window]]
name = "10s"
length = "10 s"
group_by = ["area"]
properties = ["temp*"]
[limits]
payload = "64 KiB"
[repeats]
topics = 5
event_ids = 6
event_id_age = "1 min"
[uplink]
address = "tcp://127.0.0.1:7090"
twins = ["plant/#"]
)"));
  EXPECT_EQ((*config.geo)[1], 48.78);
  EXPECT_EQ(config.mqtt[0].qos, 0u);
  EXPECT_EQ(config.mapping.rules[0].fields[0].pointer, "/values/0");
  ASSERT_EQ(config.windows.size(), 1u) << "the default window goes when one is configured";
  EXPECT_EQ(config.windows[0].length, 10s);
  EXPECT_EQ(config.mapping.limits.payload_bytes, 64u << 10);
  EXPECT_EQ(config.repeats.topics + config.repeats.event_ids, 11u);
  EXPECT_EQ(config.repeats.event_id_age, 1min);
  EXPECT_EQ(config.uplink.twins[0], "plant/#");
}

TEST(Config, what_is_shown_loads_to_the_same) {
  ConfigSource source = text("geo = [1, 2.5]\n[[mapping]]\ntopic = \"a/{b}\"\nfields = {x = \"/a \\\"q\\\"\"}\n");
  source.overrides = {{"mqtt.url", "mqtt://h", "--mqtt"}};
  const std::string shown = effective_toml(Role::edge, edge(source));
  EXPECT_EQ(effective_toml(Role::edge, edge(text(shown))), shown);
}

TEST(Config, what_is_shown_as_json_is_json_with_every_setting) {
  ConfigSource source = text("geo = [1, 2.5]\n[[mapping]]\ntopic = \"a/{b}\"\nfields = {x = \"/a \\\"q\\\"\", y = \"/b\"}\n");
  source.overrides = {{"mqtt.url", "mqtt://h", "--mqtt"}};
  const std::string shown = effective_json(Role::edge, edge(source));
  EXPECT_TRUE(shown.starts_with(R"({"name":"gate-7",)")) << shown;
  for (const char* part : {R"("geo":[1.0, 2.5])", R"("fields":{"x":"/a \"q\"","y":"/b"})", R"("mqtt":[{"url":"mqtt://h",)",
                           R"("password_file":null)", R"("journal":{"sync":"interval",)"}) {
    EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
  }
}

TEST(Config, the_reference_names_every_setting_of_its_role) {
  for (const Role role : {Role::edge, Role::coordinator}) {
    const std::string reference = setting_reference(role);
    for (const Section& section : setting_table(role)) {
      for (const Setting& setting : section.settings) {
        EXPECT_NE(reference.find("| `" + std::string(setting.key) + "` |"), std::string::npos) << setting.key;
        EXPECT_FALSE(setting.help.empty()) << setting.key;
      }
    }
  }
}

TEST(Config, Rule15_a_broker_is_the_same_however_its_address_is_written) {
  const auto overlap = [](const std::string& one, const std::string& other) {
    const auto broker = [](const std::string& url) { return "[[mqtt]]\nurl = \"" + url + "\"\n"; };
    return edge_error(text(broker(one) + broker(other))).find("at the same broker") != std::string::npos;
  };
  EXPECT_TRUE(overlap("mqtt://h", "mqtt://h:1883"));
  EXPECT_TRUE(overlap("mqtts://h", "mqtts://H:8883"));
  EXPECT_TRUE(overlap("mqtt://localhost", "mqtt://127.0.0.1:1883"));
  EXPECT_TRUE(overlap("mqtt://LocalHost", "mqtt://[::1]"));
  EXPECT_FALSE(overlap("mqtt://h", "mqtt://h:1884"));
  EXPECT_FALSE(overlap("mqtt://h", "mqtts://h"));
  EXPECT_FALSE(overlap("mqtt://127.0.0.1", "mqtt://127.0.0.2"));
}

TEST(Config, a_coordinator_takes_and_documents_nothing_that_it_never_reads) {
  const auto coordinator = load_coordinator_config(text("[store]\nmax_twins = 5\nmax_names = 50\n"));
  ASSERT_FALSE(coordinator);
  EXPECT_NE(coordinator.error().message.find("node.toml:2: "), std::string::npos) << coordinator.error().message;
  EXPECT_NE(coordinator.error().message.find("node.toml:3: "), std::string::npos) << coordinator.error().message;
  EXPECT_EQ(setting_reference(Role::coordinator).find("max_twins"), std::string::npos);
  EXPECT_NE(setting_reference(Role::edge).find("max_twins"), std::string::npos);
}

TEST(Config, the_examples_of_the_reference_load) {
  const auto edge = load_edge_config(text(std::string(example_toml(Role::edge))));
  ASSERT_TRUE(edge) << edge.error().message;
  EXPECT_EQ(edge->mqtt.size(), 1u);
  const auto coordinator = load_coordinator_config(text(std::string(example_toml(Role::coordinator))));
  EXPECT_TRUE(coordinator) << coordinator.error().message;
  EXPECT_NE(setting_reference(Role::edge).find(example_toml(Role::edge)), std::string::npos);
}

TEST(Config, defaults_keep_within_what_is_allowed) {
  EXPECT_EQ(edge_error(text(effective_toml(Role::edge, edge(text(""))))), "");
}

TEST(Config, Rule15_subscriptions_of_a_broker_may_not_overlap) {
  const std::string error = edge_error(text("[[mqtt]]\nurl = \"mqtt://h:1\"\ntopics = [\"a/+\", \"+/b\"]\n"));
  EXPECT_EQ(error,
            "node.toml:3: mqtt.topics: \"+/b\" overlaps \"a/+\" of \"mqtt\" at the same broker; a message must match one "
            "subscription only");
  EXPECT_EQ(edge_error(text("[[mqtt]]\nurl = \"mqtt://h:1\"\ntopics = [\"a/#\", \"b/#\"]\n")), "");
}

TEST(Config, Promise8_an_address_that_is_wrong_hides_nothing_else) {
  const std::string error = edge_error(text("[[mqtt]]\nurl = \"mqt://h:1\"\ntopics = [\"a/+\", \"+/b\"]\nqos = 7\n[[mapping]]\ntopic = \"a/{b\"\n"));
  EXPECT_NE(error.find("node.toml:2: mqtt.url = \"mqt://h:1\""), std::string::npos) << error;
  EXPECT_NE(error.find("node.toml:3: mqtt.topics: \"+/b\" overlaps \"a/+\""), std::string::npos) << error;
  EXPECT_NE(error.find("node.toml:4: mqtt.qos"), std::string::npos) << error;
  EXPECT_NE(error.find("node.toml:6: mapping.topic"), std::string::npos) << error;
}

TEST(Config, Promise8_topics_that_are_wrong_are_not_taken_for_all_topics) {
  const std::string error = edge_error(text("[[mqtt]]\nurl = \"mqtt://h\"\ntopics = [\"a#\"]\n[[mqtt]]\nurl = \"mqtt://h\"\ntopics = [\"b\"]\n"));
  EXPECT_EQ(error.find("overlaps"), std::string::npos) << error;
  EXPECT_NE(error.find("node.toml:3: mqtt.topics"), std::string::npos) << error;
}

TEST(Config, a_missing_file_is_said_by_name) {
  const auto source = read_config_source("/nowhere/edge.toml");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::not_found);
  EXPECT_NE(source.error().message.find("/nowhere/edge.toml"), std::string::npos);
}

TEST(Config, a_text_that_the_parser_may_not_get_is_refused_with_its_line) {
  EXPECT_EQ(edge_error(text("name = 'a'\nregion = 8\"é\"\n")), "node.toml:2:11: a quote inside a key or value");
}

TEST(Config, a_map_is_the_same_whatever_the_order_of_its_lines) {
  const auto fields = [](const std::string& lines) {
    return edge(text("[[mapping]]\ntopic = 'a/{b}'\n[mapping.fields]\n" + lines)).mapping.rules[0].fields;
  };
  const auto sorted = fields("a = '/x'\nb = '/y'\n"), reversed = fields("b = '/y'\na = '/x'\n");
  ASSERT_EQ(sorted.size(), 2u);
  ASSERT_EQ(reversed.size(), 2u);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(sorted[i].name, reversed[i].name);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Each bad file of tests/golden/config has its exact errors beside it. A file whose name begins with "coordinator" is one's.
TEST(Config, Promise8_everything_wrong_is_said_at_once_with_line_value_and_range) {
  const std::filesystem::path folder = std::filesystem::path(DOPPEL_SOURCE_DIR) / "tests/golden/config";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    ++files;
    ConfigSource source = text(read(entry.path()));
    source.file = entry.path().filename();
    std::string error;
    if (source.file.starts_with("coordinator")) {
      const auto loaded = load_coordinator_config(source);
      error = loaded ? "" : loaded.error().message;
    } else {
      error = edge_error(source);
    }
    EXPECT_EQ(error + "\n", read(std::filesystem::path(entry.path()).replace_extension(".errors"))) << source.file;
  }
  EXPECT_GT(files, 0u);
}

TEST(Addresses, are_parsed_with_default_ports_and_brackets) {
  EXPECT_EQ(parse_host_port("mqtt://h", 1883)->port, 1883);
  EXPECT_EQ(parse_host_port("mqtts://[::1]:8883", 1883)->host, "::1");
  EXPECT_EQ(parse_host_port("tcp://127.0.0.1:*", 0)->port, 0);
  for (const char* bad : {"h:1", "tcp://", "tcp://h", "tcp://h:", "tcp://h:70000", "tcp://h:1x", "tcp://u@h:1", "tcp://[::1"}) {
    EXPECT_FALSE(parse_host_port(bad, 0)) << bad;
  }
  EXPECT_TRUE(is_loopback("127.0.0.2"));
  EXPECT_FALSE(is_loopback("127.example.com"));
}

}  // namespace
}  // namespace doppel
