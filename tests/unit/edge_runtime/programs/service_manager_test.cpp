#include "edge_runtime/programs/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace doppel {
namespace {

// The manager's end, under a name that is no file's.
class Manager : public testing::Test {
 protected:
  Manager() : name_("@doppel-test-" + std::to_string(getpid())), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data() + 1, name_.size() - 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    set("NOTIFY_SOCKET", name_);
  }
  ~Manager() override { ::close(fd_); }

  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
  std::string heard() {
    char text[64];
    const auto size = ::recv(fd_, text, sizeof text, 0);
    return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  const std::string name_;
  const int fd_;
};

TEST_F(Manager, It_hears_in_the_words_of_sd_notify) {
  const ServiceManager manager;
  manager.ready();
  EXPECT_EQ(heard(), "READY=1");
  manager.alive();
  EXPECT_EQ(heard(), "WATCHDOG=1");
  manager.stopping();
  EXPECT_EQ(heard(), "STOPPING=1");
}

TEST_F(Manager, What_it_put_into_the_environment_is_for_this_process_alone) {
  set("WATCHDOG_USEC", "3000000");
  set("WATCHDOG_PID", std::to_string(getpid()));
  EXPECT_EQ(ServiceManager().watch_interval(), std::chrono::microseconds(1'500'000));
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) EXPECT_EQ(std::getenv(name), nullptr) << name;
  const ServiceManager later;
  EXPECT_EQ(later.watch_interval(), std::nullopt);
  later.ready();
  EXPECT_EQ(heard(), "");
}

TEST_F(Manager, It_does_not_watch_without_a_time_or_when_it_watches_another) {
  EXPECT_EQ(ServiceManager().watch_interval(), std::nullopt);
  for (const char* timeout : {"", "0", "1", "-5", "soon", "99999999999999999999"}) {
    set("NOTIFY_SOCKET", "@somewhere");
    set("WATCHDOG_USEC", timeout);
    EXPECT_EQ(ServiceManager().watch_interval(), std::nullopt) << timeout;
  }
  set("NOTIFY_SOCKET", "@somewhere");
  set("WATCHDOG_USEC", "3000000");
  set("WATCHDOG_PID", "1");
  EXPECT_EQ(ServiceManager().watch_interval(), std::nullopt);
}

TEST_F(Manager, A_name_that_is_too_long_and_one_that_nobody_has_are_silence) {
  for (const std::string& name : {std::string(200, 'x'), std::string("/nonexistent/notify")}) {
    set("NOTIFY_SOCKET", name);
    ServiceManager().ready();
  }
  EXPECT_EQ(heard(), "");
}

}  // namespace
}  // namespace doppel
