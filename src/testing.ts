/** The entry `sockwright/testing`: fakes and fault injection for tests of programs that use the network. */

export type { Clock } from "./server/time/clock.ts";
export type { ChaosOptions } from "./testing/chaos-options.ts";
export { type ChaosProxy, chaosProxy } from "./testing/chaos-proxy.ts";
export type { ChaosStats } from "./testing/chaos-stats.ts";
export { type FakeKernel, type FakeKernelOptions, fakeKernel } from "./testing/fake-kernel.ts";
export type { ErrnoName, Fault, FaultyCall } from "./testing/kernel-fault.ts";
export {
  LeakError,
  type LeakTracker,
  type LeakTrackerOptions,
  leakTracker,
} from "./testing/leak-tracker.ts";
export { type ManualClock, manualClock } from "./testing/manual-clock.ts";
export {
  type MemoryOptions,
  type MemoryPair,
  type MemoryPairOptions,
  type MemoryTransport,
  memoryPair,
  memoryTransport,
} from "./testing/memory-transport.ts";
export type { Counter } from "./testing/open-resources.ts";
export type { Range } from "./testing/random.ts";
export type { RandomFaultOptions } from "./testing/random-faults.ts";
