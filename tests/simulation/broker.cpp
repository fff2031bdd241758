#include "tests/simulation/broker.h"

#include <algorithm>

namespace doppel::simulation {
namespace {

constexpr Duration kDeviceRetry = std::chrono::milliseconds(500);

Duration delay(Random& random) { return std::chrono::microseconds(random.between(50, random.percent(5) ? 200'000 : 3'000)); }

}  // namespace

std::uint64_t SimBroker::connect(std::size_t edge, Receiver receiver) {
  if (!is_up_) return 0;
  auto& session = sessions_[edge];
  if (session.is_connected) hang_up(session);  // the client id is taken over
  session.is_connected = true;
  ++session.connection;
  session.receiver = std::move(receiver);
  session.down_at = session.up_at = world_.now();
  for (const auto& [packet_id, publication] : session.in_flight) deliver(edge, publication, {1, true, publication.is_retained, packet_id, 0, 0});
  pump(edge);
  const bool is_new = !std::exchange(session.exists, true);
  if (is_new || sends_retained_ == Retained::to_every_subscription) send_retained(edge);
  return session.connection;
}

void SimBroker::send_retained(std::size_t edge) {
  for (const auto& [topic, newest] : sessions_[edge].retained) {
    Publication copy = newest;
    copy.is_retained = true;
    enqueue(edge, std::move(copy));
  }
}

void SimBroker::disconnect(std::size_t edge, std::uint64_t connection) {
  auto& session = sessions_[edge];
  if (session.is_connected && session.connection == connection) session.is_connected = false;
}

void SimBroker::acknowledge(std::size_t edge, std::uint64_t connection, std::uint16_t packet_id) {
  on_the_way_up(edge, connection, [this, edge, packet_id](Session& session) {
    const auto at = std::find_if(session.in_flight.begin(), session.in_flight.end(), [&](const InFlight& each) { return each.packet_id == packet_id; });
    if (at == session.in_flight.end()) return;
    session.acknowledged.insert(at->publication.number);
    session.in_flight.erase(at);
    pump(edge);
  });
}

void SimBroker::publish(std::size_t edge, std::uint64_t connection, std::string id, std::string topic, std::string payload, std::function<void()> taken) {
  on_the_way_up(edge, connection, [this, id = std::move(id), content = topic + ' ' + payload, taken = std::move(taken), connection](Session& session) {
    session.published[id].insert(content);
    session.down_at = std::max(session.down_at, world_.now() + delay(world_.random()));
    world_.at(session.down_at, [&session, connection, taken] {
      if (session.is_connected && session.connection == connection) taken();
    });
  });
}

void SimBroker::send_to(std::size_t edge, Publication publication) {
  if (!is_up_) return world_.after(kDeviceRetry, [this, edge, publication] { send_to(edge, publication); });
  if (publication.retain) sessions_[edge].retained[publication.topic] = publication;
  enqueue(edge, std::move(publication));
}

void SimBroker::enqueue(std::size_t edge, Publication publication) {
  auto& session = sessions_[edge];
  if (publication.qos == 0 && !session.is_connected) return;
  if (publication.qos == 0) return deliver(edge, publication, {0, false, publication.is_retained, 0, 0, 0});
  if (!session.exists) return void(session.lost.insert(publication.number));
  session.queue.push_back(std::move(publication));
  pump(edge);
}

void SimBroker::cut(std::size_t edge) { hang_up(sessions_[edge]); }

void SimBroker::stop() {
  is_up_ = false;
  for (auto& [edge, session] : sessions_) hang_up(session);
}

void SimBroker::lose_sessions() {
  for (auto& [edge, session] : sessions_) {
    for (const auto& publication : session.queue) session.lost.insert(publication.number);
    for (const auto& each : session.in_flight) session.lost.insert(each.publication.number);
    session.queue.clear();
    session.in_flight.clear();
    session.retained.clear();
    session.last_packet_id = 0;
    session.exists = false;
  }
}

bool SimBroker::is_idle(std::size_t edge) const {
  const auto at = sessions_.find(edge);
  return at == sessions_.end() || (at->second.exists && at->second.queue.empty() && at->second.in_flight.empty());
}

// At QoS 0 a message may be lost on the way, and only a subscription brings it again.
std::vector<std::uint64_t> SimBroker::retained_for(std::size_t edge) const {
  std::vector<std::uint64_t> numbers;
  const auto at = sessions_.find(edge);
  if (at == sessions_.end()) return numbers;
  for (const auto& [topic, newest] : at->second.retained) {
    if (newest.qos > 0 || sends_retained_ == Retained::to_every_subscription) numbers.push_back(newest.number);
  }
  return numbers;
}

void SimBroker::pump(std::size_t edge) {
  auto& session = sessions_[edge];
  while (session.is_connected && session.in_flight.size() < kWindow && !session.queue.empty()) {
    do {
      ++session.last_packet_id;
    } while (session.last_packet_id == 0 || std::any_of(session.in_flight.begin(), session.in_flight.end(),
                                                        [&](const InFlight& each) { return each.packet_id == session.last_packet_id; }));
    session.in_flight.push_back({session.last_packet_id, std::move(session.queue.front())});
    session.queue.pop_front();
    const auto& next = session.in_flight.back().publication;
    deliver(edge, next, {1, false, next.is_retained, session.last_packet_id, 0, 0});
  }
}

void SimBroker::deliver(std::size_t edge, const Publication& publication, const Delivery& delivery) {
  auto& session = sessions_[edge];
  session.down_at = std::max(session.down_at, world_.now() + delay(world_.random()));
  world_.at(session.down_at, [&session, connection = session.connection, publication, delivery] {
    if (session.is_connected && session.connection == connection) session.receiver.message(publication, delivery);
  });
}

void SimBroker::on_the_way_up(std::size_t edge, std::uint64_t connection, std::function<void(Session&)> arrive) {
  auto& session = sessions_[edge];
  if (!session.is_connected || session.connection != connection) return;
  session.up_at = std::max(session.up_at, world_.now() + delay(world_.random()));
  world_.at(session.up_at, [&session, connection, arrive = std::move(arrive)] {
    if (session.is_connected && session.connection == connection) arrive(session);
  });
}

void SimBroker::hang_up(Session& session) {
  if (!std::exchange(session.is_connected, false)) return;
  const auto lost = session.receiver.lost;
  lost();
}

}  // namespace doppel::simulation
