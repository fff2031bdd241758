// Plain values to the bytes of a frame: one version byte, then a protobuf Frame.
#include <uplink.pb.h>

#include <iterator>

#include "broker_bridge/uplink/messages.h"

namespace doppel::uplink {
namespace {

std::string bytes_of(const Incarnation& incarnation) {
  return std::string(reinterpret_cast<const char*>(incarnation.bytes.data()), incarnation.bytes.size());
}

void put(wire::Frame& frame, const Hello& from) {
  auto& to = *frame.mutable_hello();
  to.set_edge(from.edge.text());
  to.set_region(from.region);
  to.set_program(from.program);
  to.set_lane(from.lane);
  to.set_incarnation(bytes_of(from.incarnation));
  to.set_acknowledged(from.acknowledged);
}

void put(wire::Frame& frame, const Welcome& from) {
  auto& to = *frame.mutable_welcome();
  to.set_held(from.held);
  to.set_allowed(from.allowed);
  to.set_ask_all(from.ask_all);
  to.set_program(from.program);
}

void put(wire::Frame& frame, const Refuse& from) {
  auto& to = *frame.mutable_refuse();
  to.set_code(static_cast<wire::Refuse::Code>(from.code));
  to.set_reason(from.reason);
}

void put(wire::Frame& frame, const Rows& from) {
  auto& to = *frame.mutable_rows();
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

void put(wire::Frame& frame, const Receipt& from) {
  auto& to = *frame.mutable_receipt();
  to.set_incarnation(bytes_of(from.incarnation));
  for (const auto& item : from.items) {
    auto& added = *to.add_items();
    added.set_key(item.key);
    added.set_revision(item.revision);
  }
}

void put(wire::Frame& frame, const Credit& from) { frame.mutable_credit()->set_allowed(from.allowed); }

void put(wire::Frame& frame, const Heartbeat& from) {
  auto& to = *frame.mutable_heartbeat();
  to.set_backlog_rows(from.backlog_rows);
  to.set_oldest_age_ms(from.oldest_age_ms);
  to.set_allowed(from.allowed);
  to.set_generation(from.generation);
}

void put(wire::Frame& frame, const Desired& from) {
  auto& to = *frame.mutable_desired();
  to.set_generation(from.generation);
  for (const auto& function : from.functions) {
    auto& added = *to.add_functions();
    added.set_name(function.name.text());
    added.set_manifest(function.manifest);
    added.set_module_sha256(function.module_sha256);
  }
}

void put(wire::Frame& frame, const Status& from) {
  auto& to = *frame.mutable_status();
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

void put(wire::Frame& frame, const BlobGet& from) {
  auto& to = *frame.mutable_blob_get();
  to.set_sha256(from.sha256);
  to.set_offset(from.offset);
}

void put(wire::Frame& frame, const Blob& from) {
  auto& to = *frame.mutable_blob();
  to.set_sha256(from.sha256);
  to.set_offset(from.offset);
  to.set_size(from.size);
  to.set_content(from.content);
  to.set_missing(from.missing);
}

void put(wire::Frame& frame, const Query& from) {
  auto& to = *frame.mutable_query();
  to.set_id(from.id);
  to.set_path(from.path);
  to.set_body(from.body);
}

void put(wire::Frame& frame, const QueryResult& from) {
  auto& to = *frame.mutable_result();
  to.set_id(from.id);
  to.set_status(from.status);
  to.set_body(from.body);
}

void put(wire::Frame& frame, const AskAll&) { frame.mutable_ask_all(); }

void put(wire::Frame&, const Unknown&) {}

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
  std::visit([&](const auto& body) { put(message, body); }, frame.body);
  std::string bytes(1, static_cast<char>(kVersion));
  message.AppendToString(&bytes);
  return bytes;
}

}  // namespace doppel::uplink
