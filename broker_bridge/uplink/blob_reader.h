// Modules for the edges, part by part. An edge asks for one part after another, and every read of a blob checks all of it: so the
// last blob stays at hand for a while.
// Thread: one at a time.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "broker_bridge/uplink/messages.h"
#include "twin_store/blobs/blob_store.h"
#include "twin_store/model/time.h"

namespace doppel::uplink {

class BlobReader {
 public:
  explicit BlobReader(const BlobStore& store) : store_(store) {}

  // A blob that is not there is answered with why.
  Blob read(Duration now, const BlobGet& wanted);
  // Lets go of a blob that nobody asked for lately.
  void tidy(Duration now);

 private:
  const BlobStore& store_;
  std::optional<std::pair<std::string, std::string>> last_;  // hash, content
  Duration read_{0};
};

}  // namespace doppel::uplink
