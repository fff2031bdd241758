// Fold tables in memory, filled from the changes that a fold gives out.
#pragma once

#include <map>
#include <string>

#include "twin_store/lane/fold.h"
#include "twin_store/store/store.h"

namespace doppel {

class MemoryStore final : public StoreReader {
 public:
  using Table = std::map<std::string, std::string>;

  void commit(Fold& fold) {
    std::vector<RowChange> changes;
    fold.take_changes(changes);
    for (auto& change : changes) {
      auto& table = tables_[std::string(change.table)];
      if (change.value) {
        table[change.key] = *change.value;
      } else {
        table.erase(change.key);
      }
    }
  }
  Result<void> for_each(std::string_view table, const RowVisitor& visit) const override {
    const auto at = tables_.find(std::string(table));
    if (at == tables_.end()) return {};
    for (const auto& [key, value] : at->second) visit(key, value);
    return {};
  }
  Result<std::optional<std::string>> find(std::string_view table, std::string_view key) const override {
    const auto at = tables_.find(std::string(table));
    if (at == tables_.end()) return std::optional<std::string>();
    const auto row = at->second.find(std::string(key));
    return row == at->second.end() ? std::nullopt : std::optional(row->second);
  }

  // Without tables that have no rows.
  std::map<std::string, Table> tables() const {
    auto tables = tables_;
    std::erase_if(tables, [](const auto& item) { return item.second.empty(); });
    return tables;
  }

 private:
  std::map<std::string, Table> tables_;
};

}  // namespace doppel
