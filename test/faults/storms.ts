// Faults of system calls that a program must not notice: each alone, most of the time, and all together.
import { onTestFinished } from "vitest";
import { type FakeKernel, type FakeKernelOptions, fakeKernel } from "../../src/testing/fake-kernel.ts";
import type { RandomFaultOptions } from "../../src/testing/random-faults.ts";

const calm = { shortProbability: 0, againProbability: 0, interruptProbability: 0, spuriousProbability: 0 } as const;

export const storms: Readonly<Record<string, RandomFaultOptions>> = {
  "short reads and writes": { ...calm, shortProbability: 0.95 },
  EINTR: { ...calm, interruptProbability: 0.9 },
  "a storm of EAGAIN": { ...calm, againProbability: 0.8 },
  "spurious readiness": { ...calm, spuriousProbability: 0.8 },
  "all of them": { shortProbability: 0.5, againProbability: 0.3, interruptProbability: 0.3, spuriousProbability: 0.3 },
};

/** Buffers are small, so that writers have to wait. */
const SMALL_BYTES = 512;

export function inPlace(storm: RandomFaultOptions | undefined, options: FakeKernelOptions = {}): FakeKernel {
  const kernel = fakeKernel({ bufferBytes: SMALL_BYTES, ...options });
  onTestFinished(() => kernel[Symbol.dispose]());
  return kernel.randomFaults(storm);
}

/** Bytes in which no two stretches are equal. */
export function numbered(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * index) >> 4));
}
