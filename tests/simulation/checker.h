// What must be true of an edge when all is still, against a plain recomputation from what its devices said.
#pragma once

#include <vector>

#include "tests/simulation/broker.h"
#include "tests/simulation/edge.h"
#include "tests/simulation/fleet.h"
#include "tests/simulation/model.h"

namespace doppel::simulation {

class EdgeChecker {
 public:
  EdgeChecker(SimEdge& edge, SimBroker& broker, const std::vector<Said>& said, const EdgeStory& story)
      : edge_(edge), broker_(broker), said_(said), story_(story), model_(said) {}

  // Throws Broken.
  void check();
  const EdgeModel& model() const { return model_; }

 private:
  void check_applied_once();
  void check_acknowledged();
  void check_twins();
  void check_revs(const Twin& twin, const EdgeModel::ModelTwin& expected);
  void check_dead_letters();
  void check_windows();
  void check_publications();

  SimEdge& edge_;
  SimBroker& broker_;
  const std::vector<Said>& said_;
  const EdgeStory& story_;
  EdgeModel model_;
};

// That a replay of its journal, as far as it is kept whole, comes to the same bytes. Throws Broken.
void check_replay(SimEdge& edge, Random random);

// That the coordinator holds of this edge what the edge itself has. Throws Broken.
void check_above(SimEdge& edge, const SimCoordinator& coordinator, const EdgeModel& model, const EdgeStory& story);

}  // namespace doppel::simulation
