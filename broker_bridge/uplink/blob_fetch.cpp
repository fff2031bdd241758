#include "broker_bridge/uplink/blob_fetch.h"

#include <algorithm>
#include <utility>

#include "twin_store/blobs/blob_store.h"
#include "twin_store/model/hash.h"

namespace doppel::uplink {
namespace {

constexpr Duration kAskAgain = std::chrono::seconds(10);

}  // namespace

void BlobFetch::want(const std::string& sha256) {
  if (std::find(wanted_.begin(), wanted_.end(), sha256) == wanted_.end()) wanted_.push_back(sha256);
}

void BlobFetch::forget(const std::string& sha256) {
  const auto at = std::find(wanted_.begin(), wanted_.end(), sha256);
  if (at == wanted_.end()) return;
  if (at == wanted_.begin()) content_.clear(), asked_.reset();
  wanted_.erase(at);
}

std::optional<BlobGet> BlobFetch::next_request(Duration now) {
  if (wanted_.empty() || (asked_ && now - *asked_ < kAskAgain)) return std::nullopt;
  asked_ = now;
  return BlobGet{wanted_.front(), content_.size()};
}

std::optional<BlobFetch::Done> BlobFetch::receive(const Blob& part) {
  if (wanted_.empty() || part.sha256 != wanted_.front() || part.offset != content_.size()) return std::nullopt;
  if (!part.missing.empty()) return finish(not_found("module " + part.sha256 + ": " + part.missing));
  if (part.size > kMaxBlobBytes) {
    return finish(limit_exceeded("module " + part.sha256 + " has " + std::to_string(part.size) + " bytes, the limit is " +
                                 std::to_string(kMaxBlobBytes)));
  }
  const auto so_far = content_.size() + part.content.size();
  if (so_far > part.size || (part.content.empty() && so_far < part.size)) {
    return finish(corrupt_data("module " + part.sha256 + " came in parts that do not fit together"));
  }
  content_ += part.content;
  asked_.reset();
  if (so_far < part.size) return std::nullopt;
  if (sha256_hex(content_) != part.sha256) return finish(corrupt_data("module " + part.sha256 + " came with another content"));
  return finish(std::move(content_));
}

BlobFetch::Done BlobFetch::finish(Result<std::string> content) {
  Done done{std::move(wanted_.front()), std::move(content)};
  wanted_.pop_front();
  content_.clear();
  asked_.reset();
  return done;
}

}  // namespace doppel::uplink
