// A mosquitto of a test's own, on loopback, with its files in a temporary folder.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace doppel {

// A folder that goes away with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

int free_port();

// Runs a program to its end. Returns its exit status, 127 when there is no such program.
int run(const std::vector<std::string>& command);

class Mosquitto {
 public:
  static bool is_installed();

  // `settings`: lines of mosquitto.conf beside the listener's; without any, everybody may connect.
  explicit Mosquitto(const std::string& settings = "allow_anonymous true\n");
  ~Mosquitto() { stop(); }

  void start();  // again on the same port, with the sessions it kept
  void stop();
  int port() const { return port_; }
  std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

 private:
  TemporaryFolder folder_;
  int port_;
  pid_t pid_ = -1;
};

}  // namespace doppel
