#include "edge_runtime/wasm/module_check.h"

#include <wasmtime.h>

#include <algorithm>
#include <optional>
#include <string>

#include "edge_runtime/wasm/log_import.h"

namespace doppel::wasm {
namespace {

constexpr std::uint64_t kPageBytes = 64u << 10;

// An unsigned LEB128 number of at most 32 bits, taken from the front of `bytes`.
std::optional<std::uint32_t> take_number(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (int shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return number <= 0xffff'ffff ? std::optional(static_cast<std::uint32_t>(number)) : std::nullopt;
  }
  return std::nullopt;
}

std::string_view text_of(const wasm_name_t& name) { return {name.data, name.size}; }

const char* value_name(wasm_valkind_t kind) {
  switch (kind) {
    case WASM_I32: return "i32";
    case WASM_I64: return "i64";
    case WASM_F32: return "f32";
    case WASM_F64: return "f64";
    default: return "other";
  }
}

std::string values_text(const wasm_valtype_vec_t& types) {
  std::string out = "(";
  for (std::size_t i = 0; i < types.size; ++i)
    out += (i == 0 ? "" : ", ") + std::string(value_name(wasm_valtype_kind(types.data[i])));
  return out + ")";
}

// "(i32, i32) -> (i32)", or what else the item is.
std::string type_text(const wasm_externtype_t& type) {
  switch (wasm_externtype_kind(&type)) {
    case WASM_EXTERN_FUNC: {
      const wasm_functype_t* function = wasm_externtype_as_functype_const(&type);
      return values_text(*wasm_functype_params(function)) + " -> " + values_text(*wasm_functype_results(function));
    }
    case WASM_EXTERN_MEMORY: return "a memory";
    case WASM_EXTERN_TABLE: return "a table";
    case WASM_EXTERN_GLOBAL: return "a global";
    default: return "something unknown";
  }
}

struct KnownExport {
  std::string_view name;
  std::string_view type;
  bool required;
};
constexpr KnownExport kExports[] = {
    {"memory", "a memory", true},
    {"doppel_abi_version", "() -> (i32)", true},
    {"doppel_arena", "(i32) -> (i32)", true},
    {"doppel_run", "(i32, i32) -> (i32)", true},
    {"_initialize", "() -> ()", false},
};

class Checker {
 public:
  explicit Checker(const FunctionLimits& limits) : limits_(limits) {}

  void check_imports(const wasm_importtype_vec_t& imports) {
    for (std::size_t i = 0; i < imports.size; ++i) {
      const wasm_importtype_t* import = imports.data[i];
      check_import(text_of(*wasm_importtype_module(import)), text_of(*wasm_importtype_name(import)), *wasm_importtype_type(import));
    }
  }

  void check_exports(const wasm_exporttype_vec_t& exports) {
    std::size_t found[std::size(kExports)] = {};
    for (std::size_t i = 0; i < exports.size; ++i) {
      const auto name = text_of(*wasm_exporttype_name(exports.data[i]));
      const auto* known =
          std::find_if(std::begin(kExports), std::end(kExports), [&](const KnownExport& e) { return e.name == name; });
      if (known != std::end(kExports)) {
        ++found[known - std::begin(kExports)];
        check_export(*known, *wasm_exporttype_type(exports.data[i]));
      } else if (name.starts_with("doppel_")) {
        wrong("export " + std::string(name) + ": names that begin with doppel_ are reserved");
      }
    }
    for (std::size_t i = 0; i < std::size(kExports); ++i) {
      if (kExports[i].required && found[i] == 0) {
        wrong("export " + std::string(kExports[i].name) + " is missing; wanted: " + std::string(kExports[i].type));
      }
    }
  }

  Result<ModuleFacts> result() const {
    if (!problems_.empty()) return invalid_input("module: " + problems_);
    return facts_;
  }

 private:
  void wrong(const std::string& what) { problems_ += (problems_.empty() ? "" : "\nmodule: ") + what; }

  void check_import(std::string_view module, std::string_view name, const wasm_externtype_t& type) {
    const std::string full = "import " + std::string(module) + "." + std::string(name);
    if (module.starts_with("wasi_") || module.starts_with("wasi:")) {
      return wrong(full + ": there is no WASI; compile without it (C++: clang++ --target=wasm32 -nostdlib -Wl,--no-entry; "
                          "Rust: --target wasm32-unknown-unknown)");
    }
    if (module != kImportModule || name != kImportLog) return wrong(full + " is not granted; the only import is doppel.log");
    constexpr std::string_view kLogType = "(i32, i32, i32) -> ()";
    if (type_text(type) != kLogType) return wrong(full + " has the type " + type_text(type) + ", wanted " + std::string(kLogType));
    facts_.imports_log = true;
  }

  void check_export(const KnownExport& known, const wasm_externtype_t& type) {
    if (type_text(type) != known.type) {
      return wrong("export " + std::string(known.name) + " is " + type_text(type) + ", wanted " + std::string(known.type));
    }
    if (known.name == "_initialize") facts_.has_initialize = true;
    if (known.name == "memory") check_memory(*wasm_externtype_as_memorytype_const(&type));
  }

  void check_memory(const wasm_memorytype_t& type) {
    if (wasmtime_memorytype_is64(&type) || wasmtime_memorytype_isshared(&type)) return wrong("its memory is 64-bit or shared");
    const std::uint64_t pages = wasmtime_memorytype_minimum(&type);
    facts_.initial_memory_bytes = pages * kPageBytes;
    if (pages > limits_.memory_bytes / kPageBytes) {
      wrong("its memory begins with " + std::to_string(facts_.initial_memory_bytes) + " bytes, limits.memory allows " +
            std::to_string(limits_.memory_bytes));
    }
  }

  const FunctionLimits& limits_;
  ModuleFacts facts_;
  std::string problems_;
};

}  // namespace

Result<void> check_bytes(std::string_view wasm) {
  using namespace std::string_view_literals;
  constexpr char kStartSection = 8;
  if (wasm.size() > kMaxModuleBytes) {
    return invalid_input("module: " + std::to_string(wasm.size()) + " bytes, at most " + std::to_string(kMaxModuleBytes) +
                         " are allowed");
  }
  if (!wasm.starts_with("\0asm\1\0\0\0"sv))
    return invalid_input("module: not a core WebAssembly module (it does not begin with \\0asm, version 1)");
  for (std::string_view left = wasm.substr(8); !left.empty();) {
    const char section = left.front();
    left.remove_prefix(1);
    const auto size = take_number(left);
    if (!size || *size > left.size())
      return invalid_input("module: a section ends outside its " + std::to_string(wasm.size()) + " bytes");
    if (section == kStartSection)
      return invalid_input("module: it has a start function; move its work into _initialize or doppel_run");
    left.remove_prefix(*size);
  }
  return {};
}

Result<ModuleFacts> check_module(const wasmtime_module& module, const FunctionLimits& limits) {
  Checker checker(limits);
  wasm_importtype_vec_t imports;
  wasmtime_module_imports(&module, &imports);
  checker.check_imports(imports);
  wasm_importtype_vec_delete(&imports);
  wasm_exporttype_vec_t exports;
  wasmtime_module_exports(&module, &exports);
  checker.check_exports(exports);
  wasm_exporttype_vec_delete(&exports);
  return checker.result();
}

}  // namespace doppel::wasm
