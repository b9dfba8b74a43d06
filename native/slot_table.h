// SlotTable: every descriptor of one environment, addressed by (slot, generation). A generation is never given out
// twice in a row for a slot, so a number kept after close finds nothing and never reaches the kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "descriptor.h"

namespace sockwright {

struct Slot {
  Descriptor descriptor;
  uint32_t generation : 28 = 0;  // below kGenerationLimit
  // Somebody else may have the open socket, and make it blocking: another descriptor of it, a child, whoever was told its number.
  uint32_t is_shared : 1 = 0;
  uint32_t interest = 0;  // what epoll was told; 0 is "not registered"
  int32_t next_free = -1;
};

class SlotTable {
 public:
  // A handle crosses into JavaScript as one number, generation * 2^24 + slot, below 2^52 and so exact in a double.

  // Bits of a slot: an environment has at most 2^24 open descriptors.
  static constexpr uint32_t kSlotBits = 24;
  // Sockets that one slot holds, one after another, before a generation comes again.
  static constexpr uint32_t kGenerationLimit = 1u << 28;

  // Takes the descriptor and gives its handle; a negative handle is the table at its limit of 2^24 descriptors, and takes
  // nothing.
  int64_t Insert(Descriptor&& descriptor);

  // The slot if it is open and of this generation, else null.
  Slot* Find(int64_t slot, int64_t generation);

  // Takes the descriptor out of its slot and frees the slot.
  Descriptor Remove(Slot& slot);

  // At the end of the environment: no close waits, whatever SO_LINGER says.
  void CloseAll();
  uint32_t open() const { return open_; }

 private:
  std::vector<Slot> slots_;
  int32_t first_free_ = -1;
  uint32_t open_ = 0;
};

}  // namespace sockwright
