// Compiles a module as `doppel compile-module` does: compile_module IN.wasm OUT PLAN.
#include <string>
#include <vector>

#include "edge_runtime/wasm/compile_helper.h"

int main(int count, char** words) { return doppel::run_compile_helper(std::vector<std::string>(words + 1, words + count)); }
