// Plain values to the bytes of a frame: one version byte, then a protobuf Frame.
#include <uplink.pb.h>

#include <iterator>

#include "broker_bridge/uplink/messages.h"

namespace doppel::uplink {
namespace {

std::string bytes_of(const Incarnation& incarnation) {
  return std::string(reinterpret_cast<const char*>(incarnation.bytes.data()), incarnation.bytes.size());
}

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

}  // namespace

std::string_view name_of(const Body& body) {
  static constexpr std::string_view kNames[] = {"UNKNOWN", "HELLO",     "WELCOME", "REFUSE", "ROWS",     "RECEIPT", "CREDIT",
                                                "HEARTBEAT", "DESIRED", "STATUS",  "BLOB_GET", "BLOB", "QUERY",   "RESULT",
                                                "ASK_ALL"};
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

}  // namespace doppel::uplink
