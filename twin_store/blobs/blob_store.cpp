#include "twin_store/blobs/blob_store.h"

#include "twin_store/model/hash.h"

namespace doppel {
namespace {

constexpr std::string_view kTemporary = "new-";

}  // namespace

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::unique_ptr<BlobStore>> BlobStore::open(Disk& disk, std::string folder) {
  if (const auto made = disk.make_folder(folder); !made) return made.error();
  const auto names = disk.list(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!name.starts_with(kTemporary)) continue;
    if (const auto removed = disk.remove(folder + "/" + name); !removed) return removed.error();
  }
  // A process that died within put() may have left a name that is not on the medium: whoever finds the blob builds on it.
  if (const auto synced = disk.sync_folder(folder); !synced) return synced.error();
  return std::unique_ptr<BlobStore>(new BlobStore(disk, std::move(folder)));
}

Result<std::string> BlobStore::put(std::string_view bytes) {
  if (bytes.size() > kMaxBlobBytes) {
    return limit_exceeded("a blob of " + std::to_string(bytes.size()) + " bytes, at most " + std::to_string(kMaxBlobBytes) +
                          " are kept");
  }
  std::string hash = sha256_hex(bytes);
  if (get(hash)) {  // a damaged one is written anew
    if (const auto synced = disk_.sync_folder(folder_); !synced) return synced.error();
    return hash;
  }

  const std::string temporary = path(std::string(kTemporary) + std::to_string(next_temporary_++) + "-" + hash);
  if (const auto written = write_new(temporary, bytes); !written) {
    (void)disk_.remove(temporary);  // the failed write is what the caller must know
    return written.error();
  }
  if (const auto renamed = disk_.rename(temporary, path(hash)); !renamed) return renamed.error();
  return hash;
}

Result<void> BlobStore::write_new(const std::string& name, std::string_view bytes) {
  const auto file = disk_.open(name, Disk::Mode::create_new);
  if (!file) return file.error();
  if (const auto written = (*file)->write_at(0, bytes); !written) return written;
  return (*file)->sync();
}

Result<std::string> BlobStore::get(const std::string& sha256) const {
  if (!is_sha256(sha256)) return invalid_input("blob \"" + sha256 + "\": not 64 lower-case hex digits");
  const auto file = disk_.open(path(sha256), Disk::Mode::open_existing);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size > kMaxBlobBytes)
    return corrupt_data("blob " + sha256 + ": " + std::to_string(*size) + " bytes are more than any blob has");

  std::string bytes(*size, '\0');
  const auto read = (*file)->read_at(0, bytes.data(), bytes.size());
  if (!read) return read.error();
  bytes.resize(*read);
  if (sha256_hex(bytes) != sha256) return corrupt_data("blob " + sha256 + ": its bytes are not those of its name");
  return bytes;
}

Result<std::vector<std::string>> BlobStore::list() const {
  auto names = disk_.list(folder_);
  if (!names) return names;
  std::erase_if(*names, [](const std::string& name) { return !is_sha256(name); });
  return names;
}

Result<void> BlobStore::remove(const std::string& sha256) {
  if (!is_sha256(sha256)) return invalid_input("blob \"" + sha256 + "\": not 64 lower-case hex digits");
  return disk_.remove(path(sha256));
}

}  // namespace doppel
