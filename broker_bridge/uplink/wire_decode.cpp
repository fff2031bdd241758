// The bytes of a frame to plain values, within the limits.
#include <google/protobuf/io/coded_stream.h>
#include <uplink.pb.h>

#include <algorithm>
#include <optional>

#include "broker_bridge/uplink/messages.h"
#include "twin_store/blobs/blob_store.h"

namespace doppel::uplink {
namespace {

// A frame that does not parse is an outcome here, not a line on somebody's standard error.
const auto kEarlierHandler = google::protobuf::SetLogHandler(nullptr);

// Notes the first thing that is wrong.
class Checker {
 public:
  void require(bool holds, const std::string& complaint) {
    if (!holds && !complaint_) complaint_ = complaint;
  }
  std::string limited(std::string text, std::size_t limit, const char* what) {
    require(text.size() <= limit,
            std::string(what) + " has " + std::to_string(text.size()) + " bytes, the limit is " + std::to_string(limit));
    return text;
  }
  void count(int number, std::size_t limit, const char* what) {
    require(static_cast<std::size_t>(number) <= limit,
            std::to_string(number) + " " + what + ", the limit is " + std::to_string(limit));
  }
  std::string name(std::string text, const char* what) {
    require(is_name(text), std::string(what) + " is not a name of 1 to 63 characters of [a-z0-9-_]");
    return text;
  }
  std::string sha256(std::string text) {
    require(is_sha256(text), "a hash is not 64 lower-case hex digits");
    return text;
  }
  std::string key(std::string text) {
    require(!text.empty(), "a key is empty");
    return limited(std::move(text), kMaxKey, "a key");
  }
  Incarnation incarnation(const std::string& bytes) {
    Incarnation result;
    require(bytes.size() == result.bytes.size(), "an incarnation has " + std::to_string(bytes.size()) + " bytes, not 16");
    std::copy_n(bytes.begin(), std::min(bytes.size(), result.bytes.size()), result.bytes.begin());
    return result;
  }
  const std::optional<std::string>& complaint() const { return complaint_; }

 private:
  std::optional<std::string> complaint_;
};

Hello take(wire::Hello& from, Checker& check) {
  return {EdgeId(check.name(std::move(*from.mutable_edge()), "the edge")),
          check.limited(std::move(*from.mutable_region()), kMaxText, "the region"),
          check.limited(std::move(*from.mutable_program()), kMaxText, "the program"),
          from.lane(),
          check.incarnation(from.incarnation()),
          from.acknowledged()};
}

Welcome take(wire::Welcome& from, Checker& check) {
  return {from.held(), from.allowed(), from.ask_all(),
          check.limited(std::move(*from.mutable_program()), kMaxText, "the program")};
}

Refuse take(wire::Refuse& from, Checker& check) {
  const bool known = from.code() >= 0 && from.code() <= static_cast<int>(RefuseCode::limit);
  return {known ? static_cast<RefuseCode>(from.code()) : RefuseCode::not_allowed,
          check.limited(std::move(*from.mutable_reason()), kMaxText, "the reason")};
}

Rows take(wire::Rows& from, Checker& check) {
  check.count(from.rows_size(), kMaxRows, "rows");
  Rows to{from.sequence(), from.lane(), check.incarnation(from.incarnation()), {}};
  to.rows.reserve(static_cast<std::size_t>(from.rows_size()));
  for (auto& row : *from.mutable_rows()) {
    to.rows.push_back({check.key(std::move(*row.mutable_key())), row.revision(),
                       check.limited(std::move(*row.mutable_payload()), kMaxPayload, "a payload")});
  }
  return to;
}

Receipt take(wire::Receipt& from, Checker& check) {
  check.count(from.items_size(), kMaxRows, "receipts");
  Receipt to{check.incarnation(from.incarnation()), {}};
  to.items.reserve(static_cast<std::size_t>(from.items_size()));
  for (auto& item : *from.mutable_items()) {
    to.items.push_back({check.key(std::move(*item.mutable_key())), item.revision()});
  }
  return to;
}

Desired take(wire::Desired& from, Checker& check) {
  check.count(from.functions_size(), kMaxFunctions, "functions");
  Desired to{from.generation(), {}};
  for (auto& function : *from.mutable_functions()) {
    to.functions.push_back({FunctionName(check.name(std::move(*function.mutable_name()), "a function")),
                            check.limited(std::move(*function.mutable_manifest()), kMaxManifest, "a manifest"),
                            check.sha256(std::move(*function.mutable_module_sha256()))});
  }
  return to;
}

Status take(wire::Status& from, Checker& check) {
  check.count(from.functions_size(), kMaxFunctions, "functions");
  Status to{from.generation(), {}, from.dropped_rows(),
            check.limited(std::move(*from.mutable_node()), kMaxText, "the node's description")};
  for (auto& function : *from.mutable_functions()) {
    to.functions.push_back({check.limited(std::move(*function.mutable_name()), kMaxText, "a function"),
                            check.limited(std::move(*function.mutable_version()), kMaxText, "a version"),
                            check.limited(std::move(*function.mutable_module_sha256()), kMaxText, "a hash"),
                            function.from_fleet(),
                            check.limited(std::move(*function.mutable_state()), kMaxText, "a state"),
                            check.limited(std::move(*function.mutable_reason()), kMaxText, "a reason")});
  }
  return to;
}

Blob take(wire::Blob& from, Checker& check) {
  return {check.sha256(std::move(*from.mutable_sha256())), from.offset(), from.size(),
          check.limited(std::move(*from.mutable_content()), kBlobChunk, "a part of a blob"),
          check.limited(std::move(*from.mutable_missing()), kMaxText, "a reason")};
}

Query take(wire::Query& from, Checker& check) {
  return {from.id(), check.limited(std::move(*from.mutable_path()), kMaxText, "a path"),
          check.limited(std::move(*from.mutable_body()), kMaxPayload, "a body")};
}

QueryResult take(wire::Result& from, Checker& check) {
  return {from.id(), from.status(), check.limited(std::move(*from.mutable_body()), kMaxPayload, "a body")};
}

Body take_body(wire::Frame& frame, Checker& check) {
  switch (frame.body_case()) {
    case wire::Frame::kHello: return take(*frame.mutable_hello(), check);
    case wire::Frame::kWelcome: return take(*frame.mutable_welcome(), check);
    case wire::Frame::kRefuse: return take(*frame.mutable_refuse(), check);
    case wire::Frame::kRows: return take(*frame.mutable_rows(), check);
    case wire::Frame::kReceipt: return take(*frame.mutable_receipt(), check);
    case wire::Frame::kCredit: return Credit{frame.credit().allowed()};
    case wire::Frame::kHeartbeat:
      return Heartbeat{frame.heartbeat().backlog_rows(), frame.heartbeat().oldest_age_ms(), frame.heartbeat().allowed(),
                       frame.heartbeat().generation()};
    case wire::Frame::kDesired: return take(*frame.mutable_desired(), check);
    case wire::Frame::kStatus: return take(*frame.mutable_status(), check);
    case wire::Frame::kBlobGet:
      return BlobGet{check.sha256(std::move(*frame.mutable_blob_get()->mutable_sha256())), frame.blob_get().offset()};
    case wire::Frame::kBlob: return take(*frame.mutable_blob(), check);
    case wire::Frame::kQuery: return take(*frame.mutable_query(), check);
    case wire::Frame::kResult: return take(*frame.mutable_result(), check);
    case wire::Frame::kAskAll: return AskAll{};
    case wire::Frame::BODY_NOT_SET: return Unknown{};
  }
  return Unknown{};
}

// Each field of a body may become an object of a hundred bytes when parsed, and takes but two bytes to send. So fields of
// the frame and of its bodies are counted before they are parsed.
bool has_few_fields(std::string_view bytes, std::size_t& left, int depth) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  while (const auto tag = in.ReadTagNoLastTag()) {
    if (left-- == 0) return false;
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return true;  // malformed: the parser says so
      continue;
    }
    std::uint32_t size = 0;
    if (!in.ReadVarint32(&size)) return true;
    const auto begin = static_cast<std::size_t>(in.CurrentPosition());
    if (size > bytes.size() - begin) return true;
    if (depth > 0 && !has_few_fields(bytes.substr(begin, size), left, depth - 1)) return false;
    in.Skip(static_cast<int>(size));
  }
  return true;
}

}  // namespace

Result<Frame> decode(std::string_view bytes) {
  if (bytes.empty()) return corrupt_data("an empty frame");
  if (bytes.size() > kMaxFrame) {
    return corrupt_data("a frame of " + std::to_string(bytes.size()) + " bytes, the limit is " + std::to_string(kMaxFrame));
  }
  const auto version = static_cast<std::uint8_t>(bytes.front());
  if (version != kVersion) {
    return corrupt_data("a frame of version " + std::to_string(version) + ", this program speaks version " +
                        std::to_string(kVersion));
  }
  bytes.remove_prefix(1);
  auto fields_left = kMaxFields;
  if (!has_few_fields(bytes, fields_left, 1)) {
    return corrupt_data("a frame of more than " + std::to_string(kMaxFields) + " fields");
  }
  wire::Frame message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return corrupt_data("a frame that does not parse");
  }
  Checker check;
  Frame frame{message.session(), take_body(message, check)};
  if (check.complaint()) return corrupt_data(std::string(name_of(frame.body)) + ": " + *check.complaint());
  return frame;
}

}  // namespace doppel::uplink
