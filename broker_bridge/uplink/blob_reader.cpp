#include "broker_bridge/uplink/blob_reader.h"

namespace doppel::uplink {
namespace {

constexpr Duration kKeep = std::chrono::seconds(10);

}  // namespace

Blob BlobReader::read(Duration now, const BlobGet& wanted) {
  Blob part{wanted.sha256, wanted.offset, 0, "", ""};
  if (!last_ || last_->first != wanted.sha256) {
    auto content = store_.get(wanted.sha256);
    if (!content) {
      part.missing = content.error().message.substr(0, kMaxText);
      return part;
    }
    last_.emplace(wanted.sha256, std::move(*content));
  }
  read_ = now;
  const auto& content = last_->second;
  part.size = content.size();
  if (wanted.offset <= content.size()) part.content = content.substr(wanted.offset, kBlobChunk);
  return part;
}

void BlobReader::tidy(Duration now) {
  if (last_ && now - read_ >= kKeep) last_.reset();
}

}  // namespace doppel::uplink
