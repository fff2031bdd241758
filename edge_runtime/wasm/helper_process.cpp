#include "edge_runtime/wasm/helper_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

extern char** environ;

namespace doppel::wasm {
namespace {

constexpr std::size_t kMaxErrorBytes = 4096;

// Standard input and output lead nowhere, errors into the pipe, and nothing else of ours is inherited.
class Actions {
 public:
  explicit Actions(int errors) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
  }
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// Reads to the end, so that the writer never waits; keeps the beginning.
std::string read_all(int file) {
  std::string kept;
  std::array<char, 1024> block;
  for (;;) {
    const ssize_t size = ::read(file, block.data(), block.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    kept.append(block.data(), std::min(static_cast<std::size_t>(size), kMaxErrorBytes - kept.size()));
  }
  while (kept.ends_with('\n')) kept.pop_back();
  return kept;
}

HelperEnd wait_for(pid_t pid) {
  HelperEnd end;
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    end.exit_code = 128 + WTERMSIG(status);
    end.how = "was ended by signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) + ")";
    return end;
  }
  end.exit_code = WEXITSTATUS(status);
  end.how = "ended with exit code " + std::to_string(end.exit_code);
  return end;
}

}  // namespace

Result<HelperEnd> run_helper(const std::vector<std::string>& command) {
  const auto cannot = [&](int number) {
    return unavailable("the helper " + command.front() + " cannot be started: " + std::generic_category().message(number));
  };
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return cannot(errno);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, command.front().c_str(), Actions(pipe_ends[1]).get(), nullptr, arguments.data(), environ);
  ::close(pipe_ends[1]);
  std::string errors = failed == 0 ? read_all(pipe_ends[0]) : std::string();
  ::close(pipe_ends[0]);
  if (failed != 0) return cannot(failed);
  HelperEnd end = wait_for(pid);
  end.errors = std::move(errors);
  return end;
}

}  // namespace doppel::wasm
