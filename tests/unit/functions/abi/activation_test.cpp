#include "functions/abi/activation.h"

#include <gtest/gtest.h>

#include "tests/unit/functions/abi/golden.h"

namespace doppel {
namespace {

Activation golden_activation() {
  Activation activation;
  activation.origin = Origin::fleet;
  activation.manifest = "name = \"overheat\"\n";
  for (int i = 0; i < 32; ++i) activation.module_sha256 += "ab";
  return activation;
}

std::string encoded(const Activation& activation) {
  std::string bytes;
  encode(activation, bytes);
  return bytes;
}

TEST(Activation, Has_the_golden_bytes) {
  EXPECT_EQ(golden::hex(encoded(golden_activation())), golden::hex(golden::read("activation.hex")));
}

TEST(Activation, Is_read_back_as_it_was_written) {
  const auto read = decode_activation(encoded(golden_activation()));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->removed);
  EXPECT_EQ(read->origin, Origin::fleet);
  EXPECT_EQ(read->manifest, golden_activation().manifest);
  EXPECT_EQ(read->module_sha256, golden_activation().module_sha256);
}

TEST(Activation, A_removal_names_no_module) {
  Activation removal;
  removal.removed = true;
  const auto read = decode_activation(encoded(removal));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->removed);
}

TEST(Activation, Cut_longer_and_unknown_bytes_are_refused) {
  const std::string bytes = encoded(golden_activation());
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_activation(bytes.substr(0, size))) << size;
  EXPECT_FALSE(decode_activation(bytes + '\0'));
  for (std::size_t at = 0; at < 3; ++at) {
    std::string other = bytes;
    other[at] = '\x07';
    EXPECT_FALSE(decode_activation(other)) << at;
  }
}

TEST(Activation, A_module_hash_that_is_none_is_refused) {
  Activation activation = golden_activation();
  activation.module_sha256 = "../../etc/passwd";
  EXPECT_FALSE(decode_activation(encoded(activation)));
  activation.module_sha256.clear();
  EXPECT_FALSE(decode_activation(encoded(activation)));
}

TEST(Activation, The_version_depends_on_manifest_and_module) {
  const Activation activation = golden_activation();
  Activation other = activation;
  other.manifest += "\n";
  EXPECT_NE(activation.version_sha256(), other.version_sha256());
  other = activation;
  other.module_sha256[0] = 'c';
  EXPECT_NE(activation.version_sha256(), other.version_sha256());
  other = activation;
  other.origin = Origin::local;
  EXPECT_EQ(activation.version_sha256(), other.version_sha256());
}

}  // namespace
}  // namespace doppel
