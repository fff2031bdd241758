// What the sanitizers cannot know of the Paho libraries, which are built without them. They look for these names.
extern "C" {

// A client that is destroyed leaks publications it has not written yet: at the end of these programs that is known.
const char* __lsan_default_suppressions() { return "leak:libpaho-mqtt3as\n"; }

// The library and we own its tokens and messages together, and it takes their counts unseen: whoever is the last to let go of one
// seems to delete it under the other.
const char* __tsan_default_suppressions() { return "race:mqtt::async_client::remove_token\nrace:mqtt::token::~token\nrace:std::__shared_ptr<mqtt::\n"; }

}
