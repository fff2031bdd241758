// What happens in a run: what the devices send, what goes wrong, and what people do meanwhile.
#include <cerrno>
#include <cstdio>

#include "tests/simulation/fleet.h"
#include "tests/simulation/settings.h"

namespace doppel::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A device keeps to one way of sending.
std::string topic_of(std::uint8_t qos, bool retain) {
  if (retain) return qos == 0 ? "dev/y" : "dev/r";
  return qos == 0 ? "dev/z" : "dev/d";
}

}  // namespace

// Between `least` and `most` times, while the fleet is at work.
void Fleet::plan(std::int64_t least, std::int64_t most, const std::function<void()>& event) {
  auto& random = world_.random();
  for (auto left = random.between(least, most); left > 0; --left) world_.at(Duration(random.between(0, length_.count())), event);
}

void Fleet::say(std::size_t edge, std::size_t padding) {
  auto& random = world_.random();
  const std::uint64_t number = said_.size();
  Said said;
  said.edge = edge;
  said.qos = random.percent(85) ? 1 : 0;
  said.retain = random.percent(20);
  said.topic = topic_of(said.qos, said.retain) + std::to_string(random.below(5));
  said.is_malformed = said.qos == 1 && random.percent(3);
  said.time = edges_[edge]->clock().wall() - milliseconds(random.percent(20) ? random.between(0, 60'000) : 0);
  said.v = static_cast<double>(random.between(0, 40));
  said.w = static_cast<double>(random.below(1u << 30)) * 1024 + static_cast<double>(number);
  Publication publication{number, said.topic, "", said.qos, said.retain};
  char text[256];
  std::snprintf(text, sizeof text, "{\"n\":%llu,\"v\":%.0f,\"w\":%.0f,\"ts\":\"%s\"", static_cast<unsigned long long>(number), said.v, said.w,
                format_rfc3339(said.time).c_str());
  publication.payload = text;
  if (!said.is_malformed) {
    if (padding > 0) publication.payload += ",\"pad\":\"" + std::string(padding, 'x') + '"';
    publication.payload += '}';
  }
  said_.push_back(said);
  broker_.send_to(edge, publication);
}

void Fleet::do_fault() {
  auto& random = world_.random();
  auto& edge = some_edge();
  const auto number = edge.number();
  switch (random.below(12)) {
    case 10:  // more than the journal has room for, while the lane is held up
      edge.stall_lane(milliseconds(random.between(100, 15'000)));
      for (auto left = random.between(5, 40); left > 0; --left) say(number, 4'000 + random.below(8'000));
      return;
    case 11:
      if (random.percent(70)) return;
      stories_[number].lost_its_past = true;
      return edge.replace_disk();
    case 0: return broker_.cut(number);
    case 1:
      broker_.stop();
      if (random.percent(30)) broker_.lose_sessions();
      return world_.after(milliseconds(random.between(10, 5000)), [this] { broker_.start(); });
    case 2:
      network_.cut(number);
      edge.uplink_is_cut();
      if (random.percent(50)) coordinator_->lost(edge.peer());
      return world_.after(milliseconds(random.between(10, 40'000)), [this, number] {
        network_.join(number);
        edges_[number]->uplink_is_back();
      });
    case 3:
    case 4: return do_fault(*coordinator_);
    default: return do_fault(edge);
  }
}

void Fleet::do_fault(Node& node) {
  auto& random = world_.random();
  switch (random.below(10)) {
    case 0: return node.kill();
    case 1:
    case 2:
    case 3: return node.kill_within(static_cast<std::uint64_t>(random.between(1, 80)));
    case 4:
    case 5: return node.cut_power();
    case 6: return node.stop_cleanly();
    case 7: return node.fail_disk(static_cast<std::uint64_t>(random.between(1, 50)), EIO, seconds(random.between(1, 5)));
    case 8: return node.fill_disk(seconds(random.between(1, 10)));
    default: return node.step_clock(seconds(random.between(-50, 50)));
  }
}

// A card is copied, and some time later the copy is put in its place.
void Fleet::plan_old_disk() {
  auto& random = world_.random();
  if (!random.percent(20)) return;
  const auto number = random.below(edges_.size());
  const Duration copied(random.between(0, length_.count())), restored(random.between(copied.count(), length_.count()));
  world_.at(copied, [this, number] { edges_[number]->copy_disk(); });
  world_.at(restored, [this, number] {
    if (edges_[number]->restore_disk()) stories_[number].lost_its_past = true;
  });
}

// What people do meanwhile.
void Fleet::do_change() {
  auto& random = world_.random();
  auto& edge = some_edge();
  const auto functions = sim_functions(version_);
  const auto& function = functions[random.below(functions.size())];
  switch (random.below(11)) {
    case 0:
    case 1: return coordinator_->deploy(function, random.percent(70) ? "*" : "region:north");
    case 2: return coordinator_->withdraw(function.name);
    case 3: ++version_; return;
    case 4: return edge.move_to(random.percent(50) ? "north" : "south");
    case 5: return edge.set_property("dev/d" + std::to_string(random.below(5)), "limit", random.between(0, 3));
    case 6: return edge.install(function);
    case 7: return edge.remove(function.name);
    case 8: return edge.set(with_other_settings(random, edge.options()));
    case 9:
      edge.configure(another_config(random, edge.wanted_configuration()));
      return edge.stop_cleanly();
    default: return edge.upgrade(" upgraded " + std::to_string(random.below(3)));
  }
}

}  // namespace doppel::simulation
