// A small blocking HTTP client, for the command line: one request at a time, over one connection that it keeps.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/http/message.h"
#include "edge_runtime/http/sse_parser.h"
#include "twin_store/model/result.h"

namespace doppel {

struct HttpClientOptions {
  std::string server = {};  // "http://127.0.0.1:8080", "127.0.0.1:8080"
  std::string token = {};   // "" : none
  std::chrono::milliseconds timeout{30'000};  // of a whole request
  std::size_t body_bytes = 64u << 20;         // largest answer
};

struct ClientRequest {
  Method method = Method::get;
  std::string target;  // "/api/v1/twins?limit=10"; names in it are percent-encoded by the caller
  std::string content_type = {};
  std::string body = {};
  std::vector<NameValue> headers = {};
};

struct ClientResponse {
  Status status = Status::ok;
  Headers headers;
  std::string body;
};

// Thread: one at a time.
class HttpClient {
 public:
  // Errors: invalid_input (the address of the server is not one).
  static Result<HttpClient> open(HttpClientOptions options);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  // Any answer of the server, also a problem. Errors: unavailable (no connection, broken off, too slow; says which),
  // limit_exceeded (the answer is too large).
  Result<ClientResponse> send(const ClientRequest& request);

  // The body of a 2xx answer; of any other, the error that its problem document tells.
  Result<std::string> get(const std::string& target);
  Result<std::string> ask(const ClientRequest& request);

  // Reads a stream of events until `visit` says stop, the token does, or the server ends it (unavailable). Between events at
  // most `timeout` passes without a byte. It goes on after `last_event_id`, "" : now, and leaves there what a later call is to go
  // on after.
  enum class Next : std::uint8_t { go_on, stop };
  Result<void> stream(const std::string& target, std::string& last_event_id, std::stop_token stop,
                      const std::function<Next(const SseEvent&)>& visit);

 private:
  class Wire;
  explicit HttpClient(std::unique_ptr<Wire> wire);
  std::unique_ptr<Wire> wire_;
};

}  // namespace doppel
