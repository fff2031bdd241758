#include <vector>

#include "edge_runtime/programs/command_line.h"

int main(int argc, char** argv) { return doppel::run_command_line(std::vector<std::string>(argv, argv + argc)); }
