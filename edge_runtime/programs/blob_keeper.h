// Which blobs stay: those that the node's state names, or that a replay of its journal may need. The others go.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "twin_store/blobs/blob_store.h"
#include "twin_store/journal/journal.h"
#include "twin_store/model/result.h"

namespace doppel {

// Thread: any.
class BlobKeeper {
 public:
  struct Places {
    std::string store;      // its file
    std::string snapshots;  // their folder
    std::string table;      // whose rows name blobs, in the store and its snapshots
  };
  // Borrows blobs and journal.
  BlobKeeper(BlobStore& blobs, Journal& journal, Places places) : blobs_(blobs), journal_(journal), places_(std::move(places)) {}

  // No blob goes while this is held: from putting one, or seeing that it is there, until the record that names it is appended.
  [[nodiscard]] std::unique_lock<std::mutex> hold() { return std::unique_lock(mutex_); }

  // Removes each blob that no row names, and no activation or desired state that the journal keeps; returns them. Reads the journal
  // only where there is a blob that no row names: not for a thread that must answer. An error: nothing was removed, or not all.
  Result<std::vector<std::string>> sweep();

 private:
  using Names = std::vector<std::string>;
  Result<void> strike_named_by_rows(Names& names) const;
  Result<void> strike_named_by_records(Names& names) const;

  BlobStore& blobs_;
  Journal& journal_;
  const Places places_;
  std::mutex mutex_;
};

}  // namespace doppel
