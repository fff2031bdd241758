// The sequential model of an edge: what its state must be, recomputed one record at a time from what its devices said. Functions and
// their waves depend on the borders of batches (rule 13), so it is told of those; everything else is blind to them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge_runtime/pipeline/pipeline_config.h"
#include "tests/simulation/fleet.h"
#include "tests/simulation/ledger.h"
#include "twin_store/model/aggregate.h"
#include "twin_store/model/window.h"

namespace doppel::simulation {

// Every payload says the number of its publication, also one that is malformed.
std::uint64_t number_in(std::string_view payload);

class EdgeModel {
 public:
  struct ModelTwin {
    std::uint64_t events = 0, rev = 0;
    std::map<std::string, std::pair<Timestamp, double>> values;  // that the device reports
    std::map<std::string, std::uint64_t> revs;                   // of all properties
  };

  explicit EdgeModel(const std::vector<Said>& said) : said_(said) {}

  void begin_batch(const AcceptedRecord& first);
  void take(Position position, const AcceptedRecord& record);
  void end_batch() { run_waves(); }

  const std::vector<Said>& said() const { return said_; }
  bool has_taken(std::uint64_t number) const { return taken_.contains(number); }
  bool was_remapped() const { return was_remapped_; }
  std::uint64_t bad_payloads() const { return bad_payloads_; }
  std::uint64_t traps() const { return traps_; }
  const std::map<std::string, ModelTwin>& twins() const { return twins_; }
  const std::map<WindowKey, Aggregate>& windows() const { return windows_; }
  const std::map<WindowKey, WindowPopulation>& populations() const { return populations_; }
  // Of windows that were taken out of the configuration: as they were then, they stay above.
  const std::map<WindowKey, std::string>& parted_rows() const { return parted_rows_; }

 private:
  using Fields = std::vector<std::pair<std::string, double>>;
  using WindowId = std::pair<std::string, std::int64_t>;  // name, length
  void configure(const PipelineConfig& next);
  void begin_incarnation();
  void take_message(Position position, const AcceptedRecord& record);
  void take_malformed(std::uint64_t number, const AcceptedRecord& record);
  Fields fields_of(std::uint64_t number) const;

  // Of the first wave: a message to a twin, or an alarm.
  struct Item {
    std::string twin;
    Timestamp arrival, time;
    Fields fields;
    double v = 0;
    bool is_alarm = false;
  };
  // Of the second: what a function has sent to another twin, or emitted.
  struct Caused {
    std::string twin;
    bool is_sent = false;
    Timestamp time;  // of its cause
  };
  void take_activation(const AcceptedRecord& record);
  void take_set(const AcceptedRecord& record);
  void take_clock_step(const AcceptedRecord& record);
  void ring_alarms(Timestamp now);
  void run_waves();
  void run(const Item& item, std::vector<Caused>& caused);
  void report(const Item& item);
  void set_by_function(const std::string& twin, const std::string& property);
  void add_to_windows(Position position, const Said& said, const std::string& twin, const Fields& fields);
  bool is_configured(const WindowKey& key) const;

  const std::vector<Said>& said_;
  PipelineConfig configuration_;  // in force
  bool was_remapped_ = false;     // and messages had been taken before

  std::set<std::uint64_t> taken_;
  std::set<std::pair<std::uint64_t, std::string>> counted_;       // number, twin
  std::set<std::pair<std::uint64_t, std::uint16_t>> delivered_;   // number, packet id
  std::map<std::string, std::uint64_t> refused_retained_;         // by topic: the newest
  std::uint64_t bad_payloads_ = 0, traps_ = 0;
  std::set<std::string> functions_;  // active
  std::map<std::string, Timestamp> alarms_;  // of the timer, by twin: when, in lane time
  Duration clock_steps_{0};
  std::vector<Item> wave_;
  std::map<std::string, ModelTwin> twins_;
  std::map<WindowKey, Aggregate> windows_;
  std::map<WindowKey, WindowPopulation> populations_;
  std::map<WindowKey, std::string> parted_rows_;
  std::map<WindowId, std::int64_t> horizons_;  // starts up to which a window does not begin again
};

}  // namespace doppel::simulation
