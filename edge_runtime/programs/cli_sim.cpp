// doppel sim run | replay
#include <CLI/CLI.hpp>
#include <cstdio>

#include "broker_bridge/sim/simulation.h"
#include "edge_runtime/config/text_rules.h"
#include "edge_runtime/programs/cli_app.h"
#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/json_output.h"
#include "edge_runtime/programs/output.h"
#include "edge_runtime/programs/stop_signal.h"
#include "twin_store/model/units.h"

namespace doppel {
namespace {

struct BrokerOptions {
  MqttBroker broker;
  bool json = false;
  bool quiet = false;
};

struct RunOptions {
  BrokerOptions to;
  std::string scenario;
  std::string duration, disorder;
  ScenarioOverrides overrides;
};

struct ReplayCommandOptions {
  BrokerOptions to;
  std::string file;
  ReplayOptions replay;
  double speed = 1;
  bool now = false;
};

nlohmann::json report_json(const SimReport& report) {
  return {{"sent", report.sent},
          {"failed", report.failed},
          {"lost", report.lost},
          {"seconds", std::chrono::duration<double>(report.elapsed).count()},
          {"rate", report.rate()},
          {"most_behind_seconds", std::chrono::duration<double>(report.most_behind).count()}};
}

std::string report_line(const SimReport& report) {
  std::array<char, 160> line{};
  std::snprintf(line.data(), line.size(), "%llu sent in %.1f s (%.0f/s), %llu refused, %llu lost on purpose",
                static_cast<unsigned long long>(report.sent), std::chrono::duration<double>(report.elapsed).count(),
                report.rate(), static_cast<unsigned long long>(report.failed),
                static_cast<unsigned long long>(report.lost));
  return line.data();
}

SimProgress progress(const BrokerOptions& options) {
  if (options.quiet) return [](const SimReport&) {};
  return [](const SimReport& report) { std::fprintf(stderr, "%s\n", report_line(report).c_str()); };
}

int finish(const Result<SimReport>& report, const BrokerOptions& options) {
  if (!report) return fail(report.error());
  print(options.json ? report_json(*report).dump(2) + "\n" : report_line(*report) + "\n");
  return report->failed == 0 ? kDone : kFailed;
}

Result<void> take_duration(const std::string& text, const char* flag, std::optional<Duration>& into) {
  if (text.empty()) return {};
  into = duration_from(text);
  if (!into) return invalid_input(std::string(flag) + " " + text + ": not a duration such as \"30 s\"");
  return {};
}

int run(const RunOptions& options) {
  auto scenario = load_scenario(options.scenario);
  if (!scenario) return fail(scenario.error());
  ScenarioOverrides overrides = options.overrides;
  if (auto taken = take_duration(options.duration, "--duration", overrides.duration); !taken) return fail(taken.error(), kUsage);
  if (auto taken = take_duration(options.disorder, "--disorder", overrides.disorder); !taken) return fail(taken.error(), kUsage);
  if (auto applied = apply(overrides, *scenario); !applied) return fail(applied.error(), kUsage);
  const StopSignal stop;
  return finish(run_scenario(*scenario, options.to.broker, stop.token(), progress(options.to)), options.to);
}

int replay(const ReplayCommandOptions& options) {
  ReplayOptions how = options.replay;
  how.shift_to = options.now;
  how.start = SystemClock().wall();
  const StopSignal stop;
  const auto report =
      replay_csv(options.file, how, options.speed, options.to.broker, stop.token(), progress(options.to));
  return finish(report, options.to);
}

void add_broker_options(CLI::App& app, BrokerOptions& options) {
  options.broker.url = "mqtt://127.0.0.1:1883";
  app.add_option("--mqtt", options.broker.url, "The broker; default: mqtt://127.0.0.1:1883")
      ->type_name("mqtt[s]://HOST:PORT")
      ->check([](const std::string& url) {
        const auto breach = breach_of(TextRule::mqtt_url, url);
        return breach ? url + " " + *breach : std::string();
      });
  app.add_option("--username", options.broker.username, "User name at the broker")->type_name("NAME");
  app.add_option("--ca-file", options.broker.ca_file, "Certificates to trust (PEM)")->type_name("FILE");
  app.add_flag("--quiet", options.quiet, "No line a second on standard error");
  app.add_flag("--json", options.json, "Print the result as JSON");
}

void add_run(CLI::App& group, Chosen& chosen) {
  const auto [app, options] = add_command(group, chosen,
      {"run", "Publish as a fleet of simulated devices",
       "  doppel sim run factory.toml\n"
       "  doppel sim run factory.toml --devices 500 --rate 1000 --duration '1 min' --seed 7"},
      run);
  app.add_option("scenario", options.scenario, "What the devices are and do")->required()->type_name("SCENARIO.toml");
  app.add_option("--devices", options.overrides.devices, "Devices, of all groups together")->type_name("N");
  app.add_option("--rate", options.overrides.rate, "Messages a second, of all devices together")->type_name("N");
  app.add_option("--speed", options.overrides.speed, "Simulated seconds a second")->type_name("N");
  app.add_option("--duration", options.duration, "Of simulated time; default: until stopped")->type_name("TIME");
  app.add_option("--seed", options.overrides.seed, "The same seed gives the same messages")->type_name("N");
  app.add_option("--loss", options.overrides.loss_percent, "Messages that are not sent")->type_name("PERCENT");
  app.add_option("--disorder", options.disorder, "How late a message may come")->type_name("TIME");
  app.add_option("--qos", options.overrides.qos, "0, 1 or 2")->check(CLI::Range(0, 2))->type_name("N");
  add_broker_options(app, options.to);
}

void add_replay(CLI::App& group, Chosen& chosen) {
  const auto [app, options] = add_command(group, chosen,
      {"replay", "Publish a recorded table, one message a row",
       "  doppel sim replay machine.csv --topic plant/north/machine --speed 600\n"
       "  doppel sim replay trips.csv --topic 'taxi/{vehicle}' --rate 200 --now"},
      replay);
  app.add_option("file", options.file, "Table with a header")->required()->type_name("FILE.csv");
  app.add_option("--topic", options.replay.topic, "With {file} and {column}; default: replay/{file}")->type_name("TOPIC");
  app.add_option("--columns", options.replay.columns, "Names, for a file without a header")->delimiter(',')->type_name("A,B,...");
  app.add_option("--time", options.replay.time_column, "Column of the time")->type_name("COLUMN");
  app.add_option("--rate", options.replay.rate, "Rows a second; default: as their times say")->type_name("N");
  app.add_option("--speed", options.speed, "Recorded seconds a second")->type_name("N");
  app.add_flag("--now", options.now, "Move the times so that the first row happens now");
  app.add_option("--qos", options.replay.qos, "0, 1 or 2")->check(CLI::Range(0, 2))->type_name("N");
  add_broker_options(app, options.to);
}

}  // namespace

void add_sim_commands(CLI::App& root, Chosen& chosen) {
  CLI::App& group = add_group(root, "sim", "Publish to a broker: simulated devices, recorded tables");
  add_run(group, chosen);
  add_replay(group, chosen);
}

}  // namespace doppel
