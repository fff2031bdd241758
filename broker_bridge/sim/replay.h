// A recorded table as a stream of messages, one a row.
#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker_bridge/sim/stream.h"
#include "twin_store/model/result.h"

namespace doppel {

struct ReplayOptions {
  std::string topic = "replay/{file}";  // with {file} (its name without folder and ending) and {column}
  std::vector<std::string> columns;     // names, for a file without a header
  std::string time_column;              // "" : the first of timestamp, time, ts, t, date that there is, if any
  // Columns to send and the names of their fields; empty: every column but the time and those in the topic, under its own name.
  std::vector<std::pair<std::string, std::string>> fields;
  std::optional<double> rate;  // rows a second; nothing: as their times say, or one a second without times
  bool shift_to = false;       // move times so that the first row happens at `start`
  Timestamp start;
  std::uint8_t qos = 0;
};

// `file` names the table in messages. Numbers stay numbers, other cells are texts, empty cells are left out. A row with another
// number of cells, or whose cells make no topic, ends the replay with an error that names it: see error().
class Replay final : public MessageStream {
 public:
  // Errors: invalid_input (no rows, a column that is not there).
  static Result<std::unique_ptr<Replay>> open(std::unique_ptr<std::istream> in, const std::string& file,
                                              const ReplayOptions& options);

  bool next(SimMessage& message) override;
  std::uint64_t lost() const override { return 0; }
  const std::optional<Error>& error() const { return error_; }

  explicit Replay(ReplayOptions options) : options_(std::move(options)) {}

 private:
  struct Sent {
    std::size_t column;
    std::string field;
  };

  Result<void> read_header();
  Result<std::size_t> column(const std::string& name) const;
  Result<void> choose_time();
  Result<void> choose_fields();
  bool fail(const std::string& problem);
  std::optional<Timestamp> time_of(const std::vector<std::string>& cells) const;
  std::string payload_of(const std::vector<std::string>& cells, std::optional<Timestamp> time) const;

  ReplayOptions options_;
  std::unique_ptr<std::istream> in_;
  std::string file_, file_name_;
  std::vector<std::string> columns_;
  char separator_ = ',';
  std::optional<std::string> first_row_;  // when there is no header, the first line is a row
  std::optional<std::size_t> time_;
  std::vector<Sent> sent_;
  std::optional<Timestamp> begin_;
  Duration last_{0};
  std::uint64_t rows_ = 0;
  std::optional<Error> error_;
};

}  // namespace doppel
