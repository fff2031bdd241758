// The fleet as JSON text, with the members that the HTTP interface and the dashboard show.
// Thread: any.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "coordinator/fleet_view.h"

namespace doppel {

std::string to_json(std::span<const EdgeView> edges);  // {"items":[...],"next":null}
std::string to_json(const EdgeView& edge);             // one edge, with its details
std::string to_json(const WindowView& window);
std::string to_json(const WindowPage& page);           // {"items":[...],"next":cursor|null}
// Each twin's own JSON, with its edge and its status as of `now`: unreachable while the edge is not connected.
std::string twins_to_json(const LatestPage& page, const LinkSnapshot& now);
std::string alerts_to_json(const LatestPage& page);
std::string twin_to_json(const LatestView& twin, const LinkSnapshot& now);
std::string stored_twin_to_json(const LatestView& twin);  // without a status
std::string alert_to_json(const LatestView& alert);
std::string functions_to_json(const std::map<std::string, FleetFunction>& functions, std::span<const EdgeView> edges);
std::string to_json(const FleetFunction& function, std::span<const EdgeView> edges);
// The function as it is wanted now; the edges that `before` selected and it does not, and those it names that were never seen.
std::string deployed_to_json(const FleetFunction& function, const std::optional<EdgeSelector>& before, std::span<const EdgeView> edges);

}  // namespace doppel
