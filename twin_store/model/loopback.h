// Which addresses stay on this machine.
#pragma once

#include <string_view>

namespace doppel {

// True for "localhost", 127.0.0.0/8 and "::1" (without brackets or port).
bool is_loopback(std::string_view host);

}  // namespace doppel
