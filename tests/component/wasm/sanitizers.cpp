// Wasmtime is built by cargo without the thread sanitizer, which therefore cannot see its locks, and takes its handler of
// guest traps for an ordinary signal handler. What doppel's own frames do is still checked.
extern "C" {

const char* __tsan_default_suppressions();
const char* __tsan_default_suppressions() {
  return "race:wasmtime::\nsignal:doppel::wasm::execute\nsignal:doppel::wasm::ask_abi_version\n";
}

}  // extern "C"
