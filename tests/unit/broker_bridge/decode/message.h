// A message record for tests, with the readable bytes after its payload that a reader of the journal gives.
#pragma once

#include <string>
#include <string_view>

#include "twin_store/model/record.h"

namespace doppel {

class Message {
 public:
  Message(std::string topic, std::string_view payload) : topic_(std::move(topic)), payload_(payload), size_(payload.size()) {
    payload_.append(kReadablePadding, '\0');
    record_.arrival = from_nanoseconds(1'700'000'000'000'000'000);
  }
  void add_header(HeaderTag tag, std::string_view value) { append_header(headers_, tag, value); }
  const Record& record() {
    record_.topic = topic_;
    record_.headers = headers_;
    record_.payload = std::string_view(payload_).substr(0, size_);
    return record_;
  }

 private:
  std::string topic_, payload_, headers_;
  std::size_t size_;
  Record record_;
};

}  // namespace doppel
