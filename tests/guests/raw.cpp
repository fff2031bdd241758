// Speaks the ABI by hand and breaks it: the first twin's id tells how.
#include <doppel_abi.h>

#include "doppel/platform.hpp"

namespace {

alignas(8) unsigned char arena[16384];
alignas(8) unsigned char list[64];

bool first_twin_is(const char* name) {
  const auto* header = reinterpret_cast<const doppel_run_header*>(arena);
  const auto* twin = reinterpret_cast<const doppel_twin_row*>(arena + header->twins_offset);
  const char* id = reinterpret_cast<const char*>(arena + header->strings_offset + twin->id.offset);
  uint32_t i = 0;
  while (i < twin->id.length && name[i] != 0 && id[i] == name[i]) ++i;
  return i == twin->id.length && name[i] == 0;
}

}  // namespace

DOPPEL_EXPORT("doppel_abi_version") int32_t doppel_abi_version() { return 1; }
DOPPEL_EXPORT("doppel_arena") uint32_t doppel_arena(uint32_t size) {
  return size > sizeof arena ? 0 : static_cast<uint32_t>(reinterpret_cast<uintptr_t>(arena));
}
DOPPEL_EXPORT("doppel_run") uint32_t doppel_run(uint32_t, uint32_t) {
  auto* header = reinterpret_cast<doppel_effects_header*>(list);
  const auto address = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(list));
  *header = {DOPPEL_EFFECTS_MAGIC, 1, sizeof *header, 0};
  if (first_twin_is("no list")) return 0;
  if (first_twin_is("outside")) return 0xfffffff8;
  if (first_twin_is("misaligned")) return address + 4;
  if (first_twin_is("garbage")) header->magic = 0x12345678;
  if (first_twin_is("too long")) header->total_length = 0xffffffff;
  if (first_twin_is("past the end")) header->total_length = 60'000;
  if (first_twin_is("too many")) header->count = 0xffffffff;
  if (first_twin_is("too short")) header->total_length = 8;
  if (first_twin_is("out of memory")) return DOPPEL_OUT_OF_MEMORY;
  if (first_twin_is("header destroyed")) {
    for (auto& byte : arena) byte = 0xff;
  }
  return address;
}
