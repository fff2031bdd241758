// libzmq and libsodium are not built for ThreadSanitizer: it does not see how they hand a message from thread to thread, and takes
// the bytes that they copied for racing. What our own code does is checked all the same.
extern "C" const char* __tsan_default_suppressions();

extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libzmq.so\ncalled_from_lib:libsodium.so\n"; }
