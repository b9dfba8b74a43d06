// OwnedDescriptors: which descriptors of the process belong to an environment, whichever it is.
//
// A descriptor's number means the same in every thread, so its ownership is the process's: adopt() in a worker must not take
// what the main thread's table closes one day. This is the one thing of the addon that environments share.
#pragma once

namespace sockwright {

class OwnedDescriptors {
 public:
  // A new descriptor has an owner.
  static void Claim(int fd);

  // Claims what nobody owns. False when it has an owner.
  static bool ClaimIfFree(int fd);

  // After the close, or when it is given away. Claims are counted, because another thread may have been given the same
  // number between a close and its release.
  static void Release(int fd);
};

}  // namespace sockwright
