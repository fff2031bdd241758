// What a statement may do, asked by SQLite for everything that it compiles. Used by the engine alone.
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>

namespace doppel {

inline constexpr std::array<std::string_view, 2> kTableFunctions = {"json_each", "json_tree"};  // may be read

// A view NAME is made of two: NAME, which statements read, and an inner one that reads the store's tables. SQLite says on whose
// behalf a table is read, but takes that word from the statement as well: a WITH clause can pretend to be NAME. So the inner
// name holds a secret that no statement can know.
class QueryPolicy {
 public:
  explicit QueryPolicy(std::string secret) : inner_prefix_("view_" + std::move(secret) + "_") {}

  std::string inner_name(std::string_view view) const { return inner_prefix_ + std::string(view); }
  void add_view(std::string name) { views_.insert(std::move(name)); }
  void add_function(std::string name) { functions_.insert(std::move(name)); }
  // A table or table-valued function that exists but may not be read.
  void add_hidden(std::string name) { hidden_.insert(std::move(name)); }

  // Arguments as of sqlite3_set_authorizer; absent ones are "". Keeps the reason of the first refusal.
  bool allows(int action, std::string_view first, std::string_view second, std::string_view schema, std::string_view reader);
  const std::string& refusal() const { return refusal_; }
  void reset() { refusal_.clear(); }

 private:
  bool may_read(std::string_view table, std::string_view column, std::string_view schema, std::string_view reader);
  bool may_count(std::string_view table, std::string_view schema) const;
  bool refuse(std::string reason);

  const std::string inner_prefix_;
  std::set<std::string, std::less<>> views_, functions_, hidden_;
  std::set<std::string, std::less<>> behind_views_;  // tables that inner views were seen to read
  std::string refusal_;
};

}  // namespace doppel
