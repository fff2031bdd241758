// The messages of all devices of a scenario.
#pragma once

#include <queue>
#include <vector>

#include "broker_bridge/sim/generator.h"
#include "broker_bridge/sim/scenario.h"
#include "broker_bridge/sim/stream.h"

namespace doppel {

class Fleet final : public MessageStream {
 public:
  // `start` is the simulated time of the beginning.
  Fleet(Scenario scenario, Timestamp start);

  bool next(SimMessage& message) override;
  std::uint64_t lost() const override { return lost_; }
  std::size_t devices() const { return devices_.size(); }

 private:
  struct Device {
    const DeviceGroup* group;
    std::string topic;
    Random random;
    std::vector<Generator> fields;
    double place_angle, place_distance;  // around the center; distance in 0..1 of the radius
  };
  struct Due {
    Duration at;
    std::size_t device;
    bool operator>(const Due& other) const { return at != other.at ? at > other.at : device > other.device; }
  };
  struct Held {  // made, and to be sent later
    SimMessage message;
    std::uint64_t number;
    bool operator>(const Held& other) const {
      return message.at != other.message.at ? message.at > other.message.at : number > other.number;
    }
  };

  void add_group(const DeviceGroup& group, std::uint64_t seed);
  void make(const Due& due);
  void hold(const Device& device, Duration at, std::string topic, std::string payload);
  void append_time(const DeviceGroup& group, Duration at, std::string& payload) const;
  void append_place(const Device& device, Duration at, std::string& payload) const;

  const Scenario scenario_;
  const Timestamp start_;
  std::vector<Device> devices_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
  std::uint64_t made_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace doppel
