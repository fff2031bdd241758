// The bytes of a frame: one version byte, then a protobuf Frame.
#include <uplink.pb.h>

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <optional>

#include "broker_bridge/uplink/messages.h"
#include "twin_store/blobs/blob_store.h"

namespace doppel::uplink {
namespace {

// A frame that does not parse is an outcome here, not a line on somebody's standard error.
const auto kEarlierHandler = google::protobuf::SetLogHandler(nullptr);

std::string bytes_of(const Incarnation& incarnation) {
  return std::string(reinterpret_cast<const char*>(incarnation.bytes.data()), incarnation.bytes.size());
}

// Plain values to protobuf.

void fill(wire::Hello& to, const Hello& from) {
  to.set_edge(from.edge.text());
  to.set_region(from.region);
  to.set_program(from.program);
  to.set_lane(from.lane);
  to.set_incarnation(bytes_of(from.incarnation));
  to.set_acknowledged(from.acknowledged);
}

void fill(wire::Welcome& to, const Welcome& from) {
  to.set_held(from.held);
  to.set_allowed(from.allowed);
  to.set_ask_all(from.ask_all);
  to.set_program(from.program);
}

void fill(wire::Refuse& to, const Refuse& from) {
  to.set_code(static_cast<wire::Refuse::Code>(from.code));
  to.set_reason(from.reason);
}

void fill(wire::Rows& to, const Rows& from) {
  to.set_sequence(from.sequence);
  to.set_lane(from.lane);
  to.set_incarnation(bytes_of(from.incarnation));
  for (const auto& row : from.rows) {
    auto& added = *to.add_rows();
    added.set_key(row.key);
    added.set_revision(row.revision);
    added.set_payload(row.payload);
  }
}

void fill(wire::Receipt& to, const Receipt& from) {
  to.set_incarnation(bytes_of(from.incarnation));
  for (const auto& item : from.items) {
    auto& added = *to.add_items();
    added.set_key(item.key);
    added.set_revision(item.revision);
  }
}

void fill(wire::Credit& to, const Credit& from) { to.set_allowed(from.allowed); }

void fill(wire::Heartbeat& to, const Heartbeat& from) {
  to.set_backlog_rows(from.backlog_rows);
  to.set_oldest_age_ms(from.oldest_age_ms);
  to.set_allowed(from.allowed);
  to.set_generation(from.generation);
}

void fill(wire::Desired& to, const Desired& from) {
  to.set_generation(from.generation);
  for (const auto& function : from.functions) {
    auto& added = *to.add_functions();
    added.set_name(function.name.text());
    added.set_manifest(function.manifest);
    added.set_module_sha256(function.module_sha256);
  }
}

void fill(wire::Status& to, const Status& from) {
  to.set_generation(from.generation);
  to.set_dropped_rows(from.dropped_rows);
  to.set_node(from.node);
  for (const auto& function : from.functions) {
    auto& added = *to.add_functions();
    added.set_name(function.name);
    added.set_version(function.version);
    added.set_module_sha256(function.module_sha256);
    added.set_from_fleet(function.from_fleet);
    added.set_state(function.state);
    added.set_reason(function.reason);
  }
}

void fill(wire::BlobGet& to, const BlobGet& from) {
  to.set_sha256(from.sha256);
  to.set_offset(from.offset);
}

void fill(wire::Blob& to, const Blob& from) {
  to.set_sha256(from.sha256);
  to.set_offset(from.offset);
  to.set_size(from.size);
  to.set_content(from.content);
  to.set_missing(from.missing);
}

void fill(wire::Query& to, const Query& from) {
  to.set_id(from.id);
  to.set_path(from.path);
  to.set_body(from.body);
}

void fill(wire::Result& to, const QueryResult& from) {
  to.set_id(from.id);
  to.set_status(from.status);
  to.set_body(from.body);
}

struct FillBody {
  wire::Frame& frame;
  void operator()(const Unknown&) const {}
  void operator()(const Hello& m) const { fill(*frame.mutable_hello(), m); }
  void operator()(const Welcome& m) const { fill(*frame.mutable_welcome(), m); }
  void operator()(const Refuse& m) const { fill(*frame.mutable_refuse(), m); }
  void operator()(const Rows& m) const { fill(*frame.mutable_rows(), m); }
  void operator()(const Receipt& m) const { fill(*frame.mutable_receipt(), m); }
  void operator()(const Credit& m) const { fill(*frame.mutable_credit(), m); }
  void operator()(const Heartbeat& m) const { fill(*frame.mutable_heartbeat(), m); }
  void operator()(const Desired& m) const { fill(*frame.mutable_desired(), m); }
  void operator()(const Status& m) const { fill(*frame.mutable_status(), m); }
  void operator()(const BlobGet& m) const { fill(*frame.mutable_blob_get(), m); }
  void operator()(const Blob& m) const { fill(*frame.mutable_blob(), m); }
  void operator()(const Query& m) const { fill(*frame.mutable_query(), m); }
  void operator()(const QueryResult& m) const { fill(*frame.mutable_result(), m); }
  void operator()(const AskAll&) const { frame.mutable_ask_all(); }
};

// Protobuf to plain values. A Checker notes the first thing that is wrong.

class Checker {
 public:
  void require(bool holds, const std::string& complaint) {
    if (!holds && !complaint_) complaint_ = complaint;
  }
  std::string limited(std::string text, std::size_t limit, const char* what) {
    require(text.size() <= limit, std::string(what) + " has " + std::to_string(text.size()) + " bytes, the limit is " +
                                      std::to_string(limit));
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

std::string_view name_of(const Body& body) {
  static constexpr std::string_view kNames[] = {"UNKNOWN", "HELLO",  "WELCOME",  "REFUSE", "ROWS",  "RECEIPT", "CREDIT", "HEARTBEAT",
                                                "DESIRED", "STATUS", "BLOB_GET", "BLOB",   "QUERY", "RESULT",  "ASK_ALL"};
  static_assert(std::size(kNames) == std::variant_size_v<Body>);
  return kNames[body.index()];
}

std::string encode(const Frame& frame) {
  wire::Frame message;
  message.set_session(frame.session);
  std::visit(FillBody{message}, frame.body);
  std::string bytes(1, static_cast<char>(kVersion));
  message.AppendToString(&bytes);
  return bytes;
}

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
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return corrupt_data("a frame that does not parse");
  Checker check;
  Frame frame{message.session(), take_body(message, check)};
  if (check.complaint()) return corrupt_data(std::string(name_of(frame.body)) + ": " + *check.complaint());
  return frame;
}

}  // namespace doppel::uplink
