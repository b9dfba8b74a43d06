// SlotTable: the descriptors of one environment, addressed by slot and generation. Each socket of a slot gets another
// generation, so a pair that is used after a close finds no slot and never reaches the kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "descriptor.h"

namespace sockwright {

struct Slot {
  Descriptor descriptor;
  uint32_t generation : 28 = 0;  // below kGenerationLimit
  // Whether other code may use the open socket and make it blocking: through a duplicate, in a child, or by its number.
  uint32_t is_shared : 1 = 0;
  uint32_t interest = 0;  // the events that epoll reports; 0 means not registered
  int32_t next_free = -1;
};

class SlotTable {
 public:
  // In JavaScript a handle is one number, generation * 2^24 + slot; it is below 2^52 and so exact in a double.

  // The bits of a slot's number. An environment has at most 2^24 open descriptors; opening another one fails with ENFILE.
  static constexpr uint32_t kSlotBits = 24;
  // The number of generations of a slot; after as many sockets the generations of the slot repeat.
  static constexpr uint32_t kGenerationLimit = 1u << 28;

  // Takes the descriptor and returns its handle. Returns -1, and takes nothing, when the table has 2^24 open descriptors.
  int64_t Insert(Descriptor&& descriptor);

  // Returns the slot when it is open and has this generation, else null.
  Slot* Find(int64_t slot, int64_t generation);

  // Removes the descriptor from its slot, frees the slot and returns the descriptor.
  Descriptor Remove(Slot& slot);

  // Closes all descriptors at the end of the environment. No close waits, whatever SO_LINGER says.
  void CloseAll();
  uint32_t open() const { return open_; }

 private:
  std::vector<Slot> slots_;
  int32_t first_free_ = -1;
  uint32_t open_ = 0;
};

}  // namespace sockwright
