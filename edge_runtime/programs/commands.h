// The groups of commands. Each adds its part of the tree; the command that the user chose is left in Chosen::run.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace doppel {

struct Chosen {
  std::function<int()> run;  // returns an ExitCode
};

void add_node_commands(CLI::App& root, Chosen& chosen);     // edge, coordinator
void add_twin_commands(CLI::App& root, Chosen& chosen);     // twin list | get | watch | query | set
void add_function_commands(CLI::App& root, Chosen& chosen); // fn new | build | test | deploy | list | delete
void add_dead_letter_commands(CLI::App& root, Chosen& chosen);  // dead list | show | retry | drop
void add_fleet_commands(CLI::App& root, Chosen& chosen);    // fleet list | show
void add_sim_commands(CLI::App& root, Chosen& chosen);      // sim run | replay
void add_journal_commands(CLI::App& root, Chosen& chosen);  // journal verify | dump | replay
void add_store_commands(CLI::App& root, Chosen& chosen);    // store verify
void add_config_commands(CLI::App& root, Chosen& chosen);   // config check | show | doc

}  // namespace doppel
