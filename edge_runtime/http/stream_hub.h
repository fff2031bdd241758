// The change feed over HTTP: what the lane publishes, every client reads from one ring of ready-made Server-Sent Events.
//
// A client is a cursor into that ring, not a queue: so a thousand slow clients cost no memory, a client that is overtaken
// loses the oldest events first, and a client that comes back with Last-Event-ID goes on where it was. Both are told of
// what they missed by a `gap` event.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/http/reply.h"
#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {

// At least one of the two values is there.
struct ChangedProperty {
  struct Reported {
    ValueView value;
    Timestamp time;
  };
  struct Desired {
    ValueView value;
    Timestamp since;
  };
  std::string_view name;
  std::uint64_t revision = 0;
  std::optional<Reported> reported = {};  // when it changed
  std::optional<Desired> desired = {};    // when one stands
};

// What one batch did to a twin. Views are borrowed for the call of publish(). A reader first drops the reported values that are
// gone, then takes over each property: as a whole where a reported value is given, else what is desired.
struct TwinChange {
  std::string_view edge = {};  // "" at an edge, where it is the node itself
  std::string_view twin;
  std::string_view model = {};
  std::uint64_t revision = 0;
  std::uint64_t events = 0;
  std::optional<Timestamp> last_seen = {};  // of a message; nothing while none came
  std::span<const ChangedProperty> properties = {};
  std::span<const std::string_view> removed = {};  // properties whose reported value is gone
};

// What a client wants to see; an empty string asks for everything.
struct StreamFilter {
  std::string edge = {}, twin = {}, prefix = {}, model = {};
  std::string property = {};  // changes that touch it
};

struct StreamLimits {
  std::size_t ring_events = 4096;
  std::size_t ring_bytes = 8u << 20;
  std::size_t inbox_events = 4096;           // published and not yet taken by the server's thread; more is a gap
  std::size_t event_bytes = 16u << 10;       // values and names beyond it are left out and counted
  Duration memory = std::chrono::minutes(1); // the feed goes on this long without a client, for those who come back
};

struct StreamStats {
  std::uint64_t events = 0;   // entered the ring
  std::uint64_t dropped = 0;  // published faster than the server's thread took them
  std::uint64_t gaps = 0;     // gap events given to clients
};

class StreamHub {
 public:
  // `life` is part of every event id and differs from process to process, so that an id of an earlier one is a gap.
  explicit StreamHub(std::string life, StreamLimits limits = {});
  ~StreamHub();

  // Thread: any.
  // False while nobody listens and nobody is expected back: then a change need not even be assembled.
  bool has_listeners() const { return listening_.load(std::memory_order_relaxed); }
  // Renders and hands over; waits for no client and no socket. Does nothing without listeners.
  void publish(const TwinChange& change);
  // Called by publish() when the inbox was empty; must not block.
  void on_published(std::function<void()> wake);
  StreamStats stats() const;

  // Thread: the server's, from here on.
  // The hub outlives its subscriptions. `last_event_id` is the client's Last-Event-ID, "" for a first visit.
  std::unique_ptr<StreamSource> subscribe(StreamFilter filter, std::string_view last_event_id);
  // Moves what was published into the ring. Subscriptions see it from then on.
  void drain();
  // Lets the feed fall asleep when nobody has listened for StreamLimits::memory.
  void tick(Duration monotonic_now);
  std::size_t subscriptions() const { return subscriptions_; }

 private:
  class Subscription;
  struct Event {
    std::string edge, twin, model;
    std::vector<std::string> properties;
    bool incomplete = false;  // `properties` and `text` lack some
    std::string text;  // while in the inbox: without its id
    bool fits(const StreamFilter& filter) const;
  };
  struct RingEntry {
    std::uint64_t number;
    Event event;
    SharedText text;
  };

  Event render(const TwinChange& change) const;
  void enter(Event event);
  void trim_ring();
  std::string id_of(std::uint64_t number) const;
  std::uint64_t position_of(std::string_view last_event_id) const;

  const std::string life_;
  const StreamLimits limits_;
  std::atomic<bool> listening_{false};
  std::atomic<std::uint64_t> events_{0}, dropped_{0}, gaps_{0};

  std::mutex mutex_;  // guards the inbox and wake_
  std::vector<Event> inbox_;
  std::uint64_t lost_in_inbox_ = 0;
  std::function<void()> wake_;

  std::vector<Event> drained_;  // the inbox's other half, kept for its memory
  std::deque<RingEntry> ring_;  // numbers grow; a hole is a gap
  std::size_t ring_bytes_ = 0;
  std::uint64_t next_ = 1;      // number of the next event
  std::size_t subscriptions_ = 0;
  std::optional<Duration> alone_since_;
};

}  // namespace doppel
