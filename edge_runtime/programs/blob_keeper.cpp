#include "edge_runtime/programs/blob_keeper.h"

#include <filesystem>

#include "twin_store/store/store.h"

namespace doppel {
namespace {

// A name is 64 hex digits: where it stands in a row or record does not matter.
void strike(std::vector<std::string>& names, std::string_view text) {
  std::erase_if(names, [&](const std::string& name) { return text.find(name) != std::string_view::npos; });
}

}  // namespace

// Records before rows: what retention cuts from the journal meanwhile is in the store or a snapshot already, or needed by no replay.
Result<std::vector<std::string>> BlobKeeper::sweep() {
  const auto held = hold();
  auto names = blobs_.list();
  if (!names) return names;
  if (auto struck = strike_named_by_rows(*names); !struck) return struck.error();
  if (names->empty()) return names;
  if (auto struck = strike_named_by_records(*names); !struck) return struck.error();
  if (auto struck = strike_named_by_rows(*names); !struck) return struck.error();
  for (const auto& name : *names) {
    if (auto removed = blobs_.remove(name); !removed) return removed.error();
  }
  return names;
}

Result<void> BlobKeeper::strike_named_by_rows(Names& names) const {
  std::vector<std::string> stores{places_.store};
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(places_.snapshots, failed)) {
    if (entry.path().extension() == ".db") stores.push_back(entry.path());
  }
  if (failed) return unavailable(places_.snapshots + ": " + failed.message());
  for (const auto& store : stores) {
    auto read = read_table(store, places_.table, [&](std::string_view, std::string_view value) { strike(names, value); });
    if (!read) return read;
  }
  return {};
}

Result<void> BlobKeeper::strike_named_by_records(Names& names) const {
  constexpr std::size_t kAtOnce = 1'000;
  const auto first = to_number(journal_.first());
  auto reader = journal_.read_after(Position{first == 0 ? 0 : first - 1});
  if (!reader) return reader.error();
  for (std::vector<Record> records;; records.clear()) {
    if (auto got = (*reader)->read(kAtOnce, JournalReader::Views::free_earlier, records); !got) return got;
    if (records.empty()) return {};
    for (const auto& record : records) {
      if (record.kind == RecordKind::activation || record.kind == RecordKind::desired) strike(names, record.payload);
    }
  }
}

}  // namespace doppel
