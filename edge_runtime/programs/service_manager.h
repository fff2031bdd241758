// Tells the service manager that started this process how it is: the datagrams of sd_notify(3). Without one it says nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace doppel {

// Thread: any, after the constructor.
class ServiceManager {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no child speaks in this process's name.
  ServiceManager();

  void ready() const { tell("READY=1"); }
  void stopping() const { tell("STOPPING=1"); }

  // How often it is to hear alive(): twice in the time after which it takes the process for hung. Nothing: it does not watch.
  std::optional<std::chrono::microseconds> watch_interval() const { return watch_interval_; }
  void alive() const { tell("WATCHDOG=1"); }

 private:
  void tell(std::string_view state) const;

  std::string socket_;  // "" : nobody listens
  std::optional<std::chrono::microseconds> watch_interval_;
};

}  // namespace doppel
