// @ts-check
// The addon alone, with a dispatch function that throws in its first turns. Prints { "caught", "turns" }.

const THROWING_TURNS = 3;

/** @type {typeof import("../../../../src/native/load.ts")} */
const { kernel } = await import(new URL("../../../../dist/native/load.js", import.meta.url).href);
let caught = 0;
process.on("uncaughtException", () => caught++);

const handles = new Float64Array(2);
kernel.socketpair(1, 1, 0, handles);
const [ours, peer] = Array.from(handles, (handle) => ({
  slot: handle % 2 ** 24,
  generation: Math.floor(handle / 2 ** 24),
}));
if (ours === undefined || peer === undefined) throw new Error("no pair");

let turns = 0;
kernel.start(
  () => {
    if (++turns <= THROWING_TURNS) throw new Error("the defect");
    kernel.close(ours.slot, ours.generation);
    kernel.setReferenced(false);
  },
  new Int32Array(3 * 16),
);
kernel.setReferenced(true);
kernel.watch(ours.slot, ours.generation, 1);
kernel.send(peer.slot, peer.generation, Buffer.from("x"), 0, 1, 0);
process.on("exit", () => console.log(JSON.stringify({ caught, turns })));
