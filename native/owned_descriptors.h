// OwnedDescriptors: the descriptors of the process that belong to an environment.
//
// A descriptor's number means the same in every thread, so ownership is recorded for the whole process: adopt() in a worker
// must not take a descriptor that the main thread's table will close.
#pragma once

namespace sockwright {

class OwnedDescriptors {
 public:
  // Records that a new descriptor has an owner.
  static void Claim(int fd);

  // Claims a descriptor that has no owner. Returns false when it has one.
  static bool ClaimIfFree(int fd);

  // Undoes one claim, after the descriptor was closed or handed to another owner. Claims are counted, because another thread
  // may get the same number between the close and the release.
  static void Release(int fd);
};

}  // namespace sockwright
