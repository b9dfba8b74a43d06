// EntryRoom: where the reentrant functions of netdb.h leave an entry. They tell with ERANGE that it does not fit, and not how
// long it is.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace sockwright {

class EntryRoom {
 public:
  // The buffer of the first try.
  static constexpr size_t kFirstBytes = 1024;
  // The largest buffer: for an entry of /etc/hosts, services or protocols with all of its aliases, or for what a name server
  // says.
  static constexpr size_t kMaxBytes = 1024 * 1024;

  EntryRoom() = default;
  ~EntryRoom() { free(bytes_); }
  EntryRoom(const EntryRoom&) = delete;
  EntryRoom& operator=(const EntryRoom&) = delete;

  // Calls `ask(bytes, size)`, which gives 0 or an errno, with more room as long as that is ERANGE.
  template <typename Ask>
  int Fill(Ask ask) {
    int error = ERANGE;
    for (size_t size = kFirstBytes; error == ERANGE && size <= kMaxBytes; size *= 2) {
      free(bytes_);
      bytes_ = static_cast<char*>(malloc(size));
      if (bytes_ == nullptr) return ENOMEM;
      error = ask(bytes_, size);
    }
    return error;
  }

 private:
  char* bytes_ = nullptr;
};

}  // namespace sockwright
