// The sequential model of an edge: what its state must be, recomputed one record at a time from what its devices said.
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
    std::uint64_t events = 0;
    std::map<std::string, std::pair<Timestamp, double>> values;
  };

  EdgeModel(std::string edge, PipelineConfig configuration, const std::vector<Said>& said)
      : edge_(std::move(edge)), configuration_(std::move(configuration)), said_(said) {}

  void take(Position position, const AcceptedRecord& record);

  bool has_taken(std::uint64_t number) const { return taken_.contains(number); }  // of what was said
  std::uint64_t bad_payloads() const { return bad_payloads_; }                    // dead letters
  const std::map<std::string, ModelTwin>& twins() const { return twins_; }
  const std::map<WindowKey, Aggregate>& windows() const { return windows_; }
  const std::map<WindowKey, WindowPopulation>& populations() const { return populations_; }

 private:
  using Fields = std::vector<std::pair<std::string, double>>;
  void take_message(Position position, const AcceptedRecord& record);
  void take_malformed(std::uint64_t number, const AcceptedRecord& record);
  void add_to_windows(Position position, const Said& said, const Fields& fields);

  const std::string edge_;
  const PipelineConfig configuration_;
  const std::vector<Said>& said_;

  bool is_configured_ = false;
  std::set<std::uint64_t> taken_;
  std::set<std::pair<std::uint64_t, std::uint16_t>> malformed_;  // number, packet id
  std::map<std::string, std::uint64_t> refused_retained_;        // by topic: the newest
  std::uint64_t bad_payloads_ = 0;
  std::map<std::string, ModelTwin> twins_;
  std::map<WindowKey, Aggregate> windows_;
  std::map<WindowKey, WindowPopulation> populations_;
};

}  // namespace doppel::simulation
