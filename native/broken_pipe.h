// BrokenPipe: prevents SIGPIPE in a call that has no MSG_NOSIGNAL, so that a broken pipe is EPIPE alone.
//
// Node ignores SIGPIPE, but a program may install a handler and remove it again; then the default action ends the process.
// The kernel sends the signal to the calling thread (signal(7)), so this class blocks it in this thread, and discards the
// one that the call has caused.
#pragma once

#include <signal.h>
#include <time.h>

namespace sockwright {

class BrokenPipe {
 public:
  BrokenPipe() {
    struct sigaction now{};
    // SIGPIPE is ignored, as by default in Node: there is nothing to block. This is one system call in place of two.
    if (sigaction(SIGPIPE, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_IGN) return;
    is_blocked_ = true;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    // On Linux this changes the mask of the calling thread. pthread_sigmask is in another library before glibc 2.32.
    sigprocmask(SIG_BLOCK, &pipe_, &before_);
  }

  ~BrokenPipe() {
    if (is_blocked_) sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  BrokenPipe(const BrokenPipe&) = delete;
  BrokenPipe& operator=(const BrokenPipe&) = delete;

  // Discards the signal after the call has returned EPIPE. A program that blocks SIGPIPE itself keeps it pending.
  void Discard() {
    const timespec now{};
    if (is_blocked_ && sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&pipe_, nullptr, &now);
  }

 private:
  bool is_blocked_ = false;
  sigset_t pipe_;
  sigset_t before_;
};

}  // namespace sockwright
