// What the sanitizers cannot know of the Paho libraries, which are built without them. They look for these names.
extern "C" {

// A client that is destroyed leaks publications it has not written yet: at the end of these programs that is known.
const char* __lsan_default_suppressions() { return "leak:libpaho-mqtt3as\n"; }

// Counts of shared tokens and their locks are taken inside the library, unseen.
const char* __tsan_default_suppressions() { return "race:mqtt::\nrace:libpaho-mqtt\n"; }

}
