// A SQLite VFS that stands before another one and asks FileHooks before each write and sync.
#pragma once

#include <memory>
#include <string>

#include "twin_store/store/file_hooks.h"

namespace doppel {

// Registers the VFS under a name of its own for as long as it lives; connections that use it must be closed before.
// Thread: made and destroyed by one thread; used by SQLite from any.
class VfsShim {
 public:
  // `base` is registered; nullptr: the default one.
  VfsShim(FileHooks& hooks, const char* base);
  ~VfsShim();
  VfsShim(const VfsShim&) = delete;
  VfsShim& operator=(const VfsShim&) = delete;
  const char* name() const { return name_.c_str(); }

  struct Registration;

 private:
  std::string name_;
  std::unique_ptr<Registration> registration_;
};

}  // namespace doppel
