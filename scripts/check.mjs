// The checks of CI. Every step runs, also after one that failed, so that one run reports all failures.
import { succeeds } from "./run.mjs";

const steps = [
  // The first step, because the build would update a generated file and so hide that the committed one is out of date.
  ["node", "scripts/check-generated.mjs"],
  ["npm", "run", "--silent", "lint:biome"],
  // Before the steps that read types: the examples import the package as it is in dist/.
  ["npm", "run", "--silent", "build"],
  ["npm", "run", "--silent", "lint:eslint"],
  ["npm", "run", "--silent", "lint:layers"],
  ["npm", "run", "--silent", "lint:unused"],
  ["npm", "run", "--silent", "types"],
  // Before the tests, because one of them opens the site in a browser.
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
