// EntryBuffer: the buffer for an entry of the reentrant functions of netdb.h. They return ERANGE when an entry does not fit,
// and do not say how long it is.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace sockwright {

class EntryBuffer {
 public:
  // The size of the first buffer; each further one is twice as large.
  static constexpr size_t kFirstBytes = 1024;
  // The size of the largest buffer, for an entry of /etc/hosts, /etc/services or /etc/protocols with all its aliases, or for
  // a name server's answer. An entry that does not fit is ERANGE.
  static constexpr size_t kMaxBytes = 1024 * 1024;

  EntryBuffer() = default;
  ~EntryBuffer() { free(bytes_); }
  EntryBuffer(const EntryBuffer&) = delete;
  EntryBuffer& operator=(const EntryBuffer&) = delete;

  // Calls `ask(bytes, size)`, which returns 0 or an errno, with larger buffers while it returns ERANGE. Returns its result.
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
