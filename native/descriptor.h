// Descriptor: the one owner of a file descriptor. It can be moved and not copied, so a descriptor is not closed twice.
// OwnedDescriptors records for the whole process that the descriptor has an owner.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "owned_descriptors.h"

namespace sockwright {

class Descriptor {
 public:
  Descriptor() = default;
  // Takes a new descriptor and claims it. One that may already have an owner is claimed first and passed to Claimed.
  explicit Descriptor(int fd) : fd_(fd) {
    if (fd >= 0) OwnedDescriptors::Claim(fd);
  }
  static Descriptor Claimed(int fd) {
    Descriptor descriptor;
    descriptor.fd_ = fd;
    return descriptor;
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

  // Gives up ownership and returns the descriptor.
  int Release() {
    if (fd_ >= 0) OwnedDescriptors::Release(fd_);
    return std::exchange(fd_, -1);
  }

  // Closes the descriptor. There is no retry after EINTR: Linux has freed the descriptor then, and a retry could close one
  // that another thread has just opened. close(2).
  void Close() {
    if (fd_ < 0) return;
    const int fd = std::exchange(fd_, -1);
    ::close(fd);
    OwnedDescriptors::Release(fd);
  }

  // Returns whether close(2) would wait: SO_LINGER is on, with a time above zero. socket(7).
  bool Lingers() const {
    const linger option = LingerOption();
    return option.l_onoff != 0 && option.l_linger > 0;
  }

  // Closes without that wait. The kernel continues to send the bytes that it has.
  void CloseAtOnce() {
    if (Lingers()) DisableLinger();
    Close();
  }

  // Closes without that wait and without a reset, which SO_LINGER with a time of zero would cause.
  void CloseInOrder() {
    if (LingerOption().l_onoff != 0) DisableLinger();
    Close();
  }

 private:
  linger LingerOption() const {
    linger option{};
    socklen_t length = sizeof(option);
    return fd_ >= 0 && getsockopt(fd_, SOL_SOCKET, SO_LINGER, &option, &length) == 0 ? option : linger{};
  }

  void DisableLinger() const {
    const linger off{};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
  }

  int fd_ = -1;
};

}  // namespace sockwright
