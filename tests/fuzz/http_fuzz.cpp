// Bytes from a client to real servers of both roles, raw or inside a valid frame; and the parsers that need no server. Whatever
// comes, the server answers HTTP or closes, and goes on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge_runtime/http/multipart.h"
#include "edge_runtime/http/server.h"
#include "edge_runtime/http/sse_parser.h"
#include "tests/component/http/raw_client.h"
#include "tests/unit/edge_runtime/http/fake_api.h"

namespace doppel {
namespace {

struct Servers {
  Servers()
      : edge(start(make_edge_router(edge_api, hub, {}))),
        coordinator(start(make_coordinator_router(coordinator_api, hub, {}))) {}

  std::unique_ptr<HttpServer> start(Router router) {
    auto server = HttpServer::start({}, std::move(router), hub, clock);
    if (!server) std::abort();
    return *std::move(server);
  }

  SystemClock clock;
  StreamHub hub{"life"};
  FakeEdge edge_api;
  FakeCoordinator coordinator_api;
  std::unique_ptr<HttpServer> edge, coordinator;
};

void send_to(const HttpServer& server, const std::string& bytes) {
  RawClient client(server.port());
  client.send(bytes);
  client.end_sending();
  const auto answer = client.read_to_end();
  if (!answer.empty() && !answer.starts_with("HTTP/1.1 ")) std::abort();
}

std::string put(const std::string& path, const std::string& type, std::string_view body) {
  return "PUT " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

void form_round_trip(std::string_view bytes) {
  (void)parse_form("multipart/form-data; boundary=b", bytes);
  const auto form = make_form({{"manifest", "", bytes}, {"module", "m", bytes}});
  const auto parts = parse_form(form.content_type, form.body);
  if (!parts || parts->size() != 2 || (*parts)[1].content != bytes) std::abort();
}

void parse_events(std::string_view bytes) {
  SseParser whole, split;
  std::string seen, seen_split;
  const auto note = [](std::string& text) {
    return [&text](const SseEvent& event) { text += event.type + '\0' + event.data + '\0' + event.id + '\0'; };
  };
  whole.feed(bytes, note(seen));
  for (const char& byte : bytes) split.feed({&byte, 1}, note(seen_split));
  if (seen != seen_split) std::abort();
}

}  // namespace
}  // namespace doppel

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doppel;
  static Servers servers;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 8) {
    case 0: send_to(*servers.edge, bytes); break;
    case 1: send_to(*servers.coordinator, bytes); break;
    case 2: send_to(*servers.edge, "GET /api/v1/twins" + bytes + " HTTP/1.1\r\nHost: localhost\r\n\r\n"); break;
    case 3: send_to(*servers.edge, "GET /api/v1/twins HTTP/1.1\r\nHost: localhost\r\n" + bytes + "\r\n\r\n"); break;
    case 4: send_to(*servers.edge, put("/api/v1/twins/a/properties/p", "application/json", bytes)); break;
    case 5: send_to(*servers.edge, put("/api/v1/functions/f", "multipart/form-data; boundary=b", bytes)); break;
    case 6: form_round_trip(bytes); break;
    default: parse_events(bytes);
  }
  return 0;
}
