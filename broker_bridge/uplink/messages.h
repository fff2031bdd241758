// The messages of the uplink as plain values, and their bytes. README.md of this folder describes the protocol.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "twin_store/model/ids.h"
#include "twin_store/model/result.h"

namespace doppel::uplink {

inline constexpr std::uint8_t kVersion = 1;

// Checked before anything is allocated, by both ends.
inline constexpr std::size_t kMaxFrame = 1u << 20;
inline constexpr std::size_t kMaxFields = 8'192;      // in a frame and its body
inline constexpr std::size_t kMaxRows = 4'096;        // in one ROWS, items in one RECEIPT
inline constexpr std::size_t kMaxKey = 2'048;
inline constexpr std::size_t kMaxPayload = 512u << 10;
inline constexpr std::size_t kMaxText = 4'096;        // region, program, reason, path
inline constexpr std::size_t kMaxFunctions = 1'024;
inline constexpr std::size_t kMaxManifest = 16u << 10;
inline constexpr std::size_t kBlobChunk = 128u << 10;

struct Hello {
  EdgeId edge;
  std::string region;
  std::string program;
  std::uint32_t lane = 0;
  Incarnation incarnation;
  std::uint64_t acknowledged = 0;
  bool operator==(const Hello&) const = default;
};

struct Welcome {
  std::uint64_t held = 0;
  std::uint64_t allowed = 0;
  bool ask_all = false;
  std::string program;
  bool operator==(const Welcome&) const = default;
};

enum class RefuseCode : std::uint8_t { no_session = 0, replaced = 1, not_allowed = 2, limit = 3 };

struct Refuse {
  RefuseCode code = RefuseCode::no_session;
  std::string reason;
  bool operator==(const Refuse&) const = default;
};

struct Row {
  std::string key;
  std::uint64_t revision = 0;
  std::string payload;
  bool operator==(const Row&) const = default;
};

struct Rows {
  std::uint64_t sequence = 0;
  std::uint32_t lane = 0;
  Incarnation incarnation;
  std::vector<Row> rows;
  bool operator==(const Rows&) const = default;
};

struct ReceiptItem {
  std::string key;
  std::uint64_t revision = 0;
  bool operator==(const ReceiptItem&) const = default;
};

struct Receipt {
  Incarnation incarnation;
  std::vector<ReceiptItem> items;
  bool operator==(const Receipt&) const = default;
};

struct Credit {
  std::uint64_t allowed = 0;
  bool operator==(const Credit&) const = default;
};

struct Heartbeat {
  std::uint64_t backlog_rows = 0;
  std::uint64_t oldest_age_ms = 0;
  std::uint64_t allowed = 0;
  std::uint64_t generation = 0;
  bool operator==(const Heartbeat&) const = default;
};

struct DesiredFunction {
  FunctionName name;
  std::string manifest;
  std::string module_sha256;
  bool operator==(const DesiredFunction&) const = default;
};

struct Desired {
  std::uint64_t generation = 0;
  std::vector<DesiredFunction> functions;
  bool operator==(const Desired&) const = default;
};

struct FunctionStatus {
  std::string name;
  std::string version;
  std::string module_sha256;
  bool from_fleet = false;
  std::string state;
  std::string reason;
  bool operator==(const FunctionStatus&) const = default;
};

struct Status {
  std::uint64_t generation = 0;
  std::vector<FunctionStatus> functions;
  std::uint64_t dropped_rows = 0;
  std::string node;
  bool operator==(const Status&) const = default;
};

struct BlobGet {
  std::string sha256;
  std::uint64_t offset = 0;
  bool operator==(const BlobGet&) const = default;
};

struct Blob {
  std::string sha256;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string content;
  std::string missing;
  bool operator==(const Blob&) const = default;
};

struct Query {
  std::uint64_t id = 0;
  std::string path;
  std::string body;
  bool operator==(const Query&) const = default;
};

struct QueryResult {
  std::uint64_t id = 0;
  std::uint32_t status = 0;
  std::string body;
  bool operator==(const QueryResult&) const = default;
};

struct AskAll {
  bool operator==(const AskAll&) const = default;
};

// A body that this version does not know. Ignored by name.
struct Unknown {
  bool operator==(const Unknown&) const = default;
};

using Body = std::variant<Unknown, Hello, Welcome, Refuse, Rows, Receipt, Credit, Heartbeat, Desired, Status, BlobGet, Blob,
                          Query, QueryResult, AskAll>;

struct Frame {
  std::uint64_t session = 0;
  Body body;
  bool operator==(const Frame&) const = default;
};

std::string_view name_of(const Body& body);  // "HELLO", "ROWS", ...

std::string encode(const Frame& frame);
// Errors: corrupt_data, which names what is wrong and the limit. Everything in a decoded frame is within the limits above,
// names are names and hashes are hashes.
Result<Frame> decode(std::string_view bytes);

}  // namespace doppel::uplink
