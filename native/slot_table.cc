#include "slot_table.h"

namespace sockwright {

int64_t SlotTable::Insert(Descriptor&& descriptor) {
  int32_t index = first_free_;
  if (index >= 0) {
    first_free_ = slots_[index].next_free;
  } else {
    if (slots_.size() >= (size_t{1} << kSlotBits)) return -1;
    index = static_cast<int32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& slot = slots_[index];
  const uint32_t next = uint32_t{slot.generation} + 1;
  slot.generation = (next < kGenerationLimit ? next : 1) & (kGenerationLimit - 1);
  slot.descriptor = std::move(descriptor);
  slot.interest = 0;
  slot.is_shared = 0;
  open_++;
  return (static_cast<int64_t>(slot.generation) << kSlotBits) | index;
}

Slot* SlotTable::Find(int64_t index, int64_t generation) {
  if (index < 0 || index >= static_cast<int64_t>(slots_.size())) return nullptr;
  Slot& slot = slots_[index];
  return slot.generation == generation && slot.descriptor.is_open() ? &slot : nullptr;
}

void SlotTable::CloseAll() {
  for (Slot& slot : slots_) slot.descriptor.CloseAtOnce();
  slots_.clear();
  first_free_ = -1;
  open_ = 0;
}

Descriptor SlotTable::Remove(Slot& slot) {
  Descriptor descriptor = std::move(slot.descriptor);
  slot.interest = 0;
  slot.next_free = first_free_;
  first_free_ = static_cast<int32_t>(&slot - slots_.data());
  open_--;
  return descriptor;
}

}  // namespace sockwright
