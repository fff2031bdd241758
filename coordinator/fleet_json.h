// The fleet as JSON text, with the members that the HTTP interface and the dashboard show.
// Thread: any.
#pragma once

#include <span>
#include <string>

#include "coordinator/fleet_view.h"

namespace doppel {

std::string to_json(std::span<const EdgeView> edges);  // {"items":[...],"next":null}
std::string to_json(const EdgeView& edge);             // one edge, with its details
std::string to_json(const WindowView& window);
std::string to_json(const WindowPage& page);           // {"items":[...],"next":cursor|null}
std::string twins_to_json(const LatestPage& page);     // each twin's own JSON, with its edge
std::string alerts_to_json(const LatestPage& page);
std::string twin_to_json(const LatestView& twin);
std::string alert_to_json(const LatestView& alert);
std::string functions_to_json(const std::map<std::string, FleetFunction>& functions, std::span<const EdgeView> edges);
std::string to_json(const FleetFunction& function, std::span<const EdgeView> edges);

}  // namespace doppel
