#include "broker_bridge/uplink/wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace doppel::uplink {

Wakeup::Wakeup() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Wakeup::~Wakeup() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> Wakeup::ready() const {
  if (descriptor_ >= 0) return {};
  return unavailable(std::string("eventfd: ") + std::strerror(errno));
}

// The counter of an eventfd cannot overflow here: one write at most lies between two reads.
void Wakeup::wake() {
  if (is_awake_.exchange(true)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

// Read first: a wake() that comes between the two lines is for what is looked at afterwards.
void Wakeup::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(descriptor_, &count, sizeof count);
  is_awake_.store(false);
}

}  // namespace doppel::uplink
