#include "broker_bridge/mqtt/intake.h"

#include <cstdlib>

namespace doppel {
namespace {

constexpr Duration kRetry = std::chrono::milliseconds(20);

}  // namespace

Intake::Intake(IntakeOptions options, Journal& journal, Waiting waiting, FailStop fail_stop, MqttCounters& counters)
    : options_(std::move(options)),
      journal_(journal),
      waiting_(std::move(waiting)),
      fail_stop_(std::move(fail_stop)),
      counters_(counters) {}

void Intake::take(const ReceivedMessage& message, std::uint32_t session) {
  if (is_own(message)) {
    ++counters_.own_dropped;
    return;
  }
  NewRecord record;
  record.kind = RecordKind::message;
  record.delivery = message.delivery;
  record.delivery.source = options_.source;
  record.delivery.session = session;
  record.topic = message.topic;
  record.payload = message.payload;
  record.headers = message.headers;
  if (message.payload.size() > options_.max_payload) {
    const std::uint64_t size = message.payload.size();
    headers_.assign(message.headers);
    append_header(headers_, HeaderTag::truncated_from, {reinterpret_cast<const char*>(&size), sizeof size});
    record.headers = headers_;
    record.payload = message.payload.substr(0, kTruncatedPayload);
    ++counters_.truncated;
  }
  append(record);
  ++counters_.messages;
  counters_.message_bytes += message.payload.size();
  if (message.headers_left_out) ++counters_.headers_left_out;
}

bool Intake::is_own(const ReceivedMessage& message) const {
  return !options_.own_publications.empty() && message.publication_id.starts_with(options_.own_publications);
}

// Waiting helps while retention makes room; what a disk refuses it goes on refusing.
void Intake::append(const NewRecord& record) {
  const Duration deadline = waiting_.clock.monotonic() + options_.patience;
  for (;;) {
    const auto appended = journal_.append(record);
    if (appended) return;
    const bool may_pass = appended.error().code == ErrorCode::limit_exceeded && waiting_.clock.monotonic() < deadline;
    if (!may_pass) {
      fail_stop_("the journal cannot take a message: " + appended.error().message);
      std::abort();
    }
    waiting_.sleep(kRetry);
  }
}

}  // namespace doppel
