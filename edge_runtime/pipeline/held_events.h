// Events of functions that do not run now, set aside in the order in which they came until their function may run again.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge_runtime/pipeline/kept_event.h"
#include "twin_store/model/result.h"
#include "twin_store/store/store.h"

namespace doppel {

// Thread: the lane's.
class HeldEvents {
 public:
  static constexpr std::string_view kTable = "held_event";
  using Number = std::uint64_t;  // in the order of coming, from 1, for each function by itself

  Result<void> load(const StoreReader& store);
  void take_changes(std::vector<RowChange>& changes);
  std::size_t dirty_bytes() const { return dirty_bytes_; }

  // All held events together take at most so many bytes.
  void set_limit(std::uint64_t bytes) { limit_ = bytes; }
  // False: there is no room for it.
  bool add(const std::string& function, const KeptEvent& event);
  // Puts back what take() gave, where it was.
  void put_back(const std::string& function, Number number, const KeptEvent& event);

  // The oldest of the function's, at most `most`; they are gone from the table.
  std::vector<std::pair<Number, KeptEvent>> take(const std::string& function, std::size_t most);
  // To be called when all that was taken has run or is back: numbers then go on from what is there, as they do after loading.
  void settle(const std::string& function);
  void drop_all_of(const std::string& function);

  std::size_t count_of(const std::string& function) const;
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Queue {
    std::map<Number, std::string> events;  // encoded
    Number next = 1;
  };

  void insert(const std::string& function, Number number, std::string encoded);
  void note_change(const std::string& function, Number number, std::size_t bytes);

  std::map<std::string, Queue> queues_;  // by function
  std::set<std::pair<std::string, Number>> changed_;
  std::uint64_t limit_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t dirty_bytes_ = 0;
};

}  // namespace doppel
