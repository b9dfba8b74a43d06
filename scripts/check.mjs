// What CI runs. Every step runs, also after one that failed, so that one run tells all.
import { succeeds } from "./run.mjs";

const steps = [
  // First: the build would bring a generated file up to date, and so hide that the committed one is not.
  ["node", "scripts/check-generated.mjs"],
  ["npm", "run", "--silent", "lint:biome"],
  // Before what reads types: the examples import the package, as it is in dist/.
  ["npm", "run", "--silent", "build"],
  ["npm", "run", "--silent", "lint:eslint"],
  ["npm", "run", "--silent", "lint:layers"],
  ["npm", "run", "--silent", "lint:unused"],
  ["npm", "run", "--silent", "types"],
  // Before the tests: one of them opens the site in a browser.
  ["npm", "run", "--silent", "docs"],
  ["npm", "run", "--silent", "lint:package"],
  ["npm", "run", "--silent", "test:coverage"],
];

const failed = steps.filter(([program, ...args]) => {
  const command = [program, ...args].join(" ");
  console.log(`\n> ${command}`);
  return !succeeds(program ?? "", args);
});

if (failed.length > 0) {
  console.error(`failed: ${failed.map((step) => step.join(" ")).join("; ")}`);
  process.exitCode = 1;
}
