// Descriptor: the one owner of a file descriptor. It moves and never copies, so a descriptor cannot be closed twice, and
// the whole process knows that it has an owner.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "owned_descriptors.h"

namespace sockwright {

class Descriptor {
 public:
  Descriptor() = default;
  // A new one. What may have an owner already is claimed first, and then handed over as Claimed.
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

  // Nobody of ours owns it from here on.
  int Release() {
    if (fd_ >= 0) OwnedDescriptors::Release(fd_);
    return std::exchange(fd_, -1);
  }

  // close(2): after EINTR the descriptor is gone on Linux, so a retry could close a stranger's.
  void Close() {
    if (fd_ < 0) return;
    const int fd = std::exchange(fd_, -1);
    ::close(fd);
    OwnedDescriptors::Release(fd);
  }

  // Whether close(2) would wait: SO_LINGER on, for longer than no time (socket(7)).
  bool Lingers() const {
    const linger option = Linger();
    return option.l_onoff != 0 && option.l_linger > 0;
  }

  // Closes without that wait: nobody is there who could be told of its end. The kernel goes on sending what it has.
  void CloseAtOnce() {
    if (Lingers()) LingerNot();
    Close();
  }

  // The same, and without the reset that SO_LINGER for no time makes of a close.
  void CloseInOrder() {
    if (Linger().l_onoff != 0) LingerNot();
    Close();
  }

 private:
  linger Linger() const {
    linger option{};
    socklen_t length = sizeof(option);
    return fd_ >= 0 && getsockopt(fd_, SOL_SOCKET, SO_LINGER, &option, &length) == 0 ? option : linger{};
  }

  void LingerNot() const {
    const linger off{};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
  }

  int fd_ = -1;
};

}  // namespace sockwright
