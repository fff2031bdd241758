#include "edge_runtime/http/stream_hub.h"

#include <algorithm>
#include <charconv>

namespace doppel {
namespace {

constexpr std::uint64_t kBeforeEverything = 0;  // events are numbered from 1

// A value that would make the event larger than `most` is left out: its time tells that there is one.
void append_value(std::string& json, std::string_view member, const ValueView& value, std::size_t most) {
  if (json.size() + value.content.size() > most) return;
  json += '"';
  json += member;
  json += "\":";
  append_json(json, value);
  json += ',';
}

void append_time(std::string& json, std::string_view member, Timestamp time) {
  json += '"';
  json += member;
  json += "\":\"" + format_rfc3339(time) + "\",";
}

void append_property(std::string& json, const ChangedProperty& property, std::size_t most) {
  append_json_string(json, property.name);
  json += ":{";
  if (property.reported) {
    append_value(json, "v", property.reported->value, most);
    append_time(json, "ts", property.reported->time);
  }
  if (property.desired) {
    append_value(json, "desired", property.desired->value, most);
    append_time(json, "pending_since", property.desired->since);
  }
  json += "\"rev\":" + std::to_string(property.revision) + '}';
}

void append_identity(std::string& json, const TwinChange& change) {
  if (!change.edge.empty()) {
    json += "\"edge\":";
    append_json_string(json, change.edge);
    json += ',';
  }
  json += "\"id\":";
  append_json_string(json, change.twin);
  json += ",\"model\":";
  append_json_string(json, change.model);
  json += ",\"rev\":" + std::to_string(change.revision) + ",\"events\":" + std::to_string(change.events);
  json += ",\"last_seen\":" + (change.last_seen ? '"' + format_rfc3339(*change.last_seen) + '"' : "null");
}

bool wanted(const std::string& filter, const std::string& value) { return filter.empty() || filter == value; }

}  // namespace

bool StreamHub::Event::fits(const StreamFilter& filter) const {
  return wanted(filter.edge, edge) && wanted(filter.twin, twin) && wanted(filter.model, model) &&
         std::string_view(twin).starts_with(filter.prefix) &&
         (filter.property.empty() || incomplete ||
          std::find(properties.begin(), properties.end(), filter.property) != properties.end());
}

class StreamHub::Subscription final : public StreamSource {
 public:
  Subscription(StreamHub& hub, StreamFilter filter, std::uint64_t next)
      : hub_(hub), filter_(std::move(filter)), next_(next), greeting_(true) {
    ++hub_.subscriptions_;
  }
  ~Subscription() override { --hub_.subscriptions_; }

  void take(std::size_t max_bytes, std::vector<SharedText>& texts) override {
    std::size_t bytes = 0;
    if (greeting_) greet(texts);
    while (next_ < hub_.next_ && bytes < max_bytes) {
      const auto entry = std::lower_bound(hub_.ring_.begin(), hub_.ring_.end(), next_,
                                          [](const RingEntry& e, std::uint64_t number) { return e.number < number; });
      const auto reached = entry == hub_.ring_.end() ? hub_.next_ : entry->number;
      if (reached != next_) bytes += report_gap(reached, texts);
      bytes += take_run(entry, max_bytes - std::min(bytes, max_bytes), texts);
    }
  }

  // Its id lets a client whose filter seldom fits come back without a gap.
  SharedText heartbeat() override {
    const auto id = next_ == hub_.next_ ? "id: " + hub_.id_of(next_ - 1) + '\n' : std::string();
    return std::make_shared<const std::string>(": beat\n" + id + '\n');
  }

 private:
  // Says where the feed stands: a client that reads the twins after this misses nothing.
  void greet(std::vector<SharedText>& texts) {
    greeting_ = false;
    const auto id = next_ == kBeforeEverything ? std::string() : "id: " + hub_.id_of(next_ - 1) + '\n';
    texts.push_back(std::make_shared<const std::string>("retry: 2000\nevent: open\ndata: {}\n" + id + '\n'));
  }

  std::size_t report_gap(std::uint64_t reached, std::vector<SharedText>& texts) {
    auto text = "event: gap\ndata: {\"missed\":" + std::to_string(reached - next_) + "}\nid: " + hub_.id_of(reached - 1) + "\n\n";
    const auto bytes = text.size();
    texts.push_back(std::make_shared<const std::string>(std::move(text)));
    hub_.gaps_.fetch_add(1, std::memory_order_relaxed);
    next_ = reached;
    return bytes;
  }

  // Entries in a row, up to the next hole.
  std::size_t take_run(std::deque<RingEntry>::const_iterator entry, std::size_t max_bytes, std::vector<SharedText>& texts) {
    std::size_t bytes = 0;
    for (; entry != hub_.ring_.cend() && entry->number == next_ && bytes < max_bytes; ++entry, ++next_) {
      if (!entry->event.fits(filter_)) continue;
      texts.push_back(entry->text);
      bytes += entry->text->size();
    }
    return bytes;
  }

  StreamHub& hub_;
  const StreamFilter filter_;
  std::uint64_t next_;
  bool greeting_;
};

StreamHub::StreamHub(std::string life, StreamLimits limits) : life_(std::move(life)), limits_(limits) {}
StreamHub::~StreamHub() = default;

// Values, then whole properties are left out when the event would become larger than the limit: readers are told, and a
// filter by property lets such an event through.
StreamHub::Event StreamHub::render(const TwinChange& change) const {
  Event event{std::string(change.edge), std::string(change.twin), std::string(change.model), {}, false, "event: change\ndata: {"};
  const auto has_room_for = [&](std::string_view name) { return event.text.size() + name.size() <= limits_.event_bytes; };
  append_identity(event.text, change);
  event.text += ",\"properties\":{";
  std::size_t listed = 0;
  for (const auto& property : change.properties) {
    if (!has_room_for(property.name)) break;
    if (listed++ != 0) event.text += ',';
    append_property(event.text, property, limits_.event_bytes);
    event.properties.emplace_back(property.name);
  }
  event.text += '}';
  std::size_t gone = 0;
  for (const auto name : change.removed) {
    if (!has_room_for(name)) break;
    event.text += gone++ == 0 ? ",\"removed\":[" : ",";
    append_json_string(event.text, name);
    event.properties.emplace_back(name);
  }
  if (gone != 0) event.text += ']';
  const auto omitted = change.properties.size() - listed + change.removed.size() - gone;
  event.incomplete = omitted > 0;
  if (event.incomplete) event.text += ",\"omitted\":" + std::to_string(omitted);
  event.text += '}';
  return event;
}

void StreamHub::publish(const TwinChange& change) {
  if (!has_listeners()) return;
  Event event = render(change);
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    if (inbox_.size() >= limits_.inbox_events) {
      ++lost_in_inbox_;
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (inbox_.empty()) wake = wake_;
    inbox_.push_back(std::move(event));
  }
  if (wake) wake();
}

void StreamHub::on_published(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

StreamStats StreamHub::stats() const {
  return {events_.load(std::memory_order_relaxed), dropped_.load(std::memory_order_relaxed),
          gaps_.load(std::memory_order_relaxed)};
}

std::unique_ptr<StreamSource> StreamHub::subscribe(StreamFilter filter, std::string_view last_event_id) {
  drain();
  const auto next = last_event_id.empty() ? next_ : position_of(last_event_id);
  listening_.store(true, std::memory_order_relaxed);
  alone_since_.reset();
  return std::make_unique<Subscription>(*this, std::move(filter), next);
}

void StreamHub::drain() {
  std::uint64_t lost = 0;
  {
    const std::lock_guard lock(mutex_);
    drained_.swap(inbox_);
    std::swap(lost, lost_in_inbox_);
  }
  for (auto& event : drained_) enter(std::move(event));
  drained_.clear();
  next_ += lost;
}

void StreamHub::enter(Event event) {
  const auto number = next_++;
  event.text += "\nid: " + id_of(number) + "\n\n";
  auto text = std::make_shared<const std::string>(std::move(event.text));
  ring_bytes_ += text->size();
  ring_.push_back({number, std::move(event), std::move(text)});
  events_.fetch_add(1, std::memory_order_relaxed);
  trim_ring();
}

void StreamHub::trim_ring() {
  while (ring_.size() > limits_.ring_events || (ring_bytes_ > limits_.ring_bytes && ring_.size() > 1)) {
    ring_bytes_ -= ring_.front().text->size();
    ring_.pop_front();
  }
}

void StreamHub::tick(Duration monotonic_now) {
  if (!has_listeners() || subscriptions_ > 0) return;
  if (!alone_since_) alone_since_ = monotonic_now;
  if (monotonic_now - *alone_since_ < limits_.memory) return;
  listening_.store(false, std::memory_order_relaxed);
  drain();
  ring_.clear();
  ring_bytes_ = 0;
  ++next_;  // stands for everything that is not seen while asleep
}

std::string StreamHub::id_of(std::uint64_t number) const { return life_ + "-" + std::to_string(number); }

// The number of the event after that id. Of an id that this hub did not give: one that nothing is left of, hence a gap.
std::uint64_t StreamHub::position_of(std::string_view id) const {
  if (!id.starts_with(life_ + "-")) return kBeforeEverything;
  id.remove_prefix(life_.size() + 1);
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (failure != std::errc() || end != id.data() + id.size() || number >= next_) return kBeforeEverything;
  return number + 1;
}

}  // namespace doppel
