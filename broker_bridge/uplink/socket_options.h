// The options that both ends set on their ZeroMQ sockets.
#pragma once

#include <string>
#include <string_view>

#include "broker_bridge/uplink/security.h"

namespace doppel::uplink {

// `socket` is a ZeroMQ socket that is neither bound nor connected.
void set_common_options(void* socket, std::string_view address);
void set_curve_client(void* socket, const CurveKeys& own, const std::string& server_key);
void set_curve_server(void* socket, const CurveKeys& own);

}  // namespace doppel::uplink
