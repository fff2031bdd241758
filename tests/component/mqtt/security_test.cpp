#include <gtest/gtest.h>

#include "tests/component/mqtt/harness.h"
#include "tests/component/mqtt/mosquitto.h"

namespace doppel {
namespace {

TEST(Password, the_right_one_is_let_in_and_a_wrong_one_is_named_in_the_failure) {
  if (!Mosquitto::is_installed()) GTEST_SKIP() << "mosquitto is not installed";
  const TemporaryFolder folder;
  const auto passwords = (folder.path() / "passwords").string();
  if (run({"mosquitto_passwd", "-b", "-c", passwords, "edge", "secret"}) != 0) GTEST_SKIP() << "mosquitto_passwd does not run";
  std::filesystem::permissions(passwords, std::filesystem::perms::all);
  const Mosquitto broker("allow_anonymous false\npassword_file " + passwords + "\n");
  MqttBroker settings = source_options(broker.url()).broker;
  settings.username = "edge";
  settings.password = "secret";
  for (const auto version : {MqttVersion::v5, MqttVersion::v3_1_1}) {
    EXPECT_EQ(Device(settings, version).outcome().failure, ConnectFailure::none);
    MqttBroker wrong = settings;
    wrong.password = "guess";
    EXPECT_EQ(Device(wrong, version).outcome().failure, ConnectFailure::refused);
  }
}

// An authority, a broker's certificate and a client's, as a gateway's owner would make them.
class Certificates {
 public:
  bool make() {
    const auto quiet = [&](std::vector<std::string> command) {
      command.insert(command.begin(), "openssl");
      return run(command) == 0;
    };
    return quiet({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=test authority", "-keyout",
                  path("ca.key"), "-out", path("ca.crt")}) &&
           sign(quiet, "broker", "subjectAltName=IP:127.0.0.1,DNS:localhost") && sign(quiet, "edge", "subjectAltName=DNS:edge");
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

 private:
  template <class Run>
  bool sign(Run quiet, const std::string& name, const std::string& extension) {
    const auto file = folder_.write(name + ".ext", extension + "\n").string();
    return quiet({"req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout", path(name + ".key"), "-out",
                  path(name + ".csr")}) &&
           quiet({"x509", "-req", "-in", path(name + ".csr"), "-CA", path("ca.crt"), "-CAkey", path("ca.key"), "-CAcreateserial",
                  "-days", "1", "-extfile", file, "-out", path(name + ".crt")});
  }

  TemporaryFolder folder_;
};

TEST(Tls, a_broker_is_believed_only_with_a_certificate_of_the_configured_authority) {
  if (!Mosquitto::is_installed()) GTEST_SKIP() << "mosquitto is not installed";
  Certificates certificates;
  if (!certificates.make()) GTEST_SKIP() << "openssl does not run";
  const Mosquitto broker("allow_anonymous true\nrequire_certificate true\ncafile " + certificates.path("ca.crt") + "\ncertfile " +
                         certificates.path("broker.crt") + "\nkeyfile " + certificates.path("broker.key") + "\n");
  MqttBroker settings = source_options("mqtts://127.0.0.1:" + std::to_string(broker.port())).broker;
  settings.ca_file = certificates.path("ca.crt");
  settings.cert_file = certificates.path("edge.crt");
  settings.key_file = certificates.path("edge.key");
  {
    Device device(settings);
    EXPECT_EQ(device.outcome().failure, ConnectFailure::none) << device.outcome().reason;
    EXPECT_TRUE(device.send("a", "x"));
  }
  MqttBroker other = settings;
  other.ca_file.clear();
  EXPECT_NE(Device(other).outcome().failure, ConnectFailure::none);
  MqttBroker nameless = settings;
  nameless.cert_file.clear(), nameless.key_file.clear();
  EXPECT_NE(Device(nameless).outcome().failure, ConnectFailure::none);
}

}  // namespace
}  // namespace doppel
