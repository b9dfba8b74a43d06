// BrokenPipe: a call that has no MSG_NOSIGNAL makes EPIPE of a broken pipe, and no SIGPIPE.
//
// Node ignores SIGPIPE, but a program may have a handler for it, and after that the default, which ends the process. The
// signal is the calling thread's (signal(7)), so it is held back here, and taken where the call has made one.
#pragma once

#include <signal.h>
#include <time.h>

namespace sockwright {

class BrokenPipe {
 public:
  BrokenPipe() {
    struct sigaction now{};
    // As Node has it: nothing to hold back. One call in the place of two.
    if (sigaction(SIGPIPE, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_IGN) return;
    is_held_ = true;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    // Of this thread, on Linux; pthread_sigmask is in another library before glibc 2.32.
    sigprocmask(SIG_BLOCK, &pipe_, &before_);
  }

  ~BrokenPipe() {
    if (is_held_) sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  BrokenPipe(const BrokenPipe&) = delete;
  BrokenPipe& operator=(const BrokenPipe&) = delete;

  // The call gave EPIPE. Whoever holds the signal back himself has it left as it is.
  void Take() {
    const timespec now{};
    if (is_held_ && sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&pipe_, nullptr, &now);
  }

 private:
  bool is_held_ = false;
  sigset_t pipe_;
  sigset_t before_;
};

}  // namespace sockwright
