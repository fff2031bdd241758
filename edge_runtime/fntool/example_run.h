// Feeds the events of an example through a function. Private to this room.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "edge_runtime/fntool/example.h"
#include "functions/abi/run.h"

namespace doppel::fntool {

// How many events each run takes, over and over. A function that reads what it writes gets at most one event of a twin a run.
struct Split {
  std::string name;
  std::vector<std::size_t> lengths;
};

struct Transcript {
  std::vector<std::string> effects;          // as of effect_text, by event
  std::map<std::string, std::string> states;  // blocks by twin
  std::string failure;                       // "" when all runs succeeded
};

Transcript run_example(const Example& example, const Manifest& manifest, Runner& runner, const Split& split);

}  // namespace doppel::fntool
