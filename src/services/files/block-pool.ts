/** The bytes of a block. Larger ones fall out of the processor's cache before they are written. */
export const BLOCK_SIZE = 256 * 1024;
/** Limits the blocks that are kept for later use; beyond it, they are left to the garbage collector. */
export const MAX_FREE_BLOCKS = 64;

const free: Buffer[] = [];

/**
 * Returns memory for received bytes until they are written. The memory is used again and again: a new buffer for each receive would
 * cost more in the garbage collector than the receive and the write together.
 */
export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_SIZE);
}

/** Gives blocks back, or the filled parts of blocks. Nobody uses them any more. */
export function giveBlocks(blocks: readonly Buffer[]): void {
  for (const block of blocks) {
    // Each block has memory of its own.
    if (free.length < MAX_FREE_BLOCKS) free.push(block.length === BLOCK_SIZE ? block : Buffer.from(block.buffer));
  }
}

/** Blocks that wait for use. */
export function freeBlocks(): number {
  return free.length;
}
