#include "edge_runtime/http/metrics.h"

#include <cmath>
#include <map>

#include "twin_store/model/value.h"

namespace doppel {
namespace {

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::counter: return "counter";
    case MetricType::gauge: return "gauge";
    case MetricType::histogram: return "histogram";
  }
  return "untyped";
}

// The samples NAME_bucket, NAME_sum and NAME_count of a histogram are one family, NAME.
std::string family_of(const MetricSample& sample) {
  if (sample.type != MetricType::histogram) return sample.name;
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (sample.name.ends_with(suffix)) return sample.name.substr(0, sample.name.size() - suffix.size());
  }
  return sample.name;
}

// In help a quote stands for itself; in a label value it is escaped.
void append_escaped(std::string& out, std::string_view text, bool escape_quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (c == '"' && escape_quotes)) out += '\\';
    out += c;
  }
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    append_json(out, ValueView::of(value));
  }
}

void append_sample(std::string& out, const MetricSample& sample) {
  out += sample.name;
  for (const auto& [name, value] : sample.labels) {
    out += &name == &sample.labels.front().first ? '{' : ',';
    out += name + "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  if (!sample.labels.empty()) out += '}';
  out += ' ';
  append_number(out, sample.value);
  out += '\n';
}

}  // namespace

std::string prometheus_text(const std::vector<MetricSample>& samples) {
  std::map<std::string, std::string> families;
  std::vector<std::string> order;
  for (const auto& sample : samples) {
    const auto family = family_of(sample);
    auto& text = families[family];
    if (text.empty()) {
      order.push_back(family);
      text = "# HELP " + family + ' ';
      append_escaped(text, sample.help, false);
      text += "\n# TYPE " + family + ' ';
      text += to_string(sample.type);
      text += '\n';
    }
    append_sample(text, sample);
  }
  std::string out;
  for (const auto& family : order) out += families[family];
  return out;
}

}  // namespace doppel
