// Every example of the docstrings and of the pages compiles, runs, prints what it says, and leaves nothing open.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type CodeBlock, codeBlocks, isScript, place } from "./code-blocks.ts";
import { expectedOutput, type Outcome, Workshop } from "./examples.ts";
import { filesWithExamples } from "./pages.ts";
import { excerptFrom, isProgram } from "./programs.ts";

const SHORT_PATIENCE_MS = 1_000;
const COMPILING_TIMEOUT_MS = 120_000;

const blocks = filesWithExamples.flatMap(codeBlocks);
const examples = blocks.filter(
  (block) => block.language === "ts" && !isProgram(block) && excerptFrom(block) === undefined,
);

describe("the examples", () => {
  const outcomes = new Map<CodeBlock, Outcome>();
  let workshop: Workshop;
  beforeAll(() => {
    workshop = new Workshop();
    workshop.run(examples).forEach((outcome, index) => {
      const example = examples[index];
      if (example !== undefined) outcomes.set(example, outcome);
    });
  }, COMPILING_TIMEOUT_MS);
  afterAll(() => workshop.remove());

  test.for(examples.map((example) => [place(example), example] as const))("%s", ([, example]) => {
    const printed = expectedOutput(example);
    expect(outcomes.get(example)).toEqual({ complaints: [], printed, problems: [] });
  });

  test("are marked as ts, all of them, since nothing else is run", () => {
    const others = blocks.filter((block) => isScript(block) && block.language !== "ts");
    expect(others.map(place)).toEqual([]);
  });

  test("are found where they are: in the docstring of a class, of a method and of a function", () => {
    const owners = examples.map(({ file, owner }) => `${file} ${owner}`);
    expect(owners).toEqual(
      expect.arrayContaining([
        "src/socket/socket.ts Socket",
        "src/socket/socket.ts recv",
        "src/socket/create.ts socketpair",
      ]),
    );
  });
});

describe("an example fails when it", () => {
  const close = "left.close();\nright.close();";
  const open = 'import { socketpair } from "sockwright";\nconst [left, right] = socketpair();';

  function outcomeOf(...codes: string[]): Outcome[] {
    const workshop = new Workshop();
    onTestFinished(() => workshop.remove());
    const blocks = codes.map((code) => ({ file: "x.md", line: 11, language: "ts", owner: undefined, code }));
    return workshop.run(blocks, SHORT_PATIENCE_MS);
  }

  test("has a type error, with the line of its page", () => {
    const [outcome] = outcomeOf(`${open}\nleft.sendall(5);\n${close}`);
    expect(outcome?.complaints).toEqual([expect.stringMatching(/^line 13: .*number.*not assignable/)]);
  });

  test("prints something else, prints twice, prints nothing, or prints without saying so", () => {
    const code = [
      "console.log(1); // => 2",
      "for (const each of [3, 3]) console.log(each); // => 3",
      "if (Number.isNaN(0)) console.log(4); // => 4",
      "console.log(5);",
    ].join("\n");
    const [outcome] = outcomeOf(code);
    expect(outcome?.printed).toEqual([
      { line: 1, text: "1" },
      { line: 2, text: "3" },
      { line: 2, text: "3" },
      { line: 4, text: "5" },
    ]);
    expect(expectedOutput({ file: "x.md", line: 1, language: "ts", owner: undefined, code })).toEqual([
      { line: 1, text: "2" },
      { line: 2, text: "3" },
      { line: 3, text: "4" },
    ]);
  });

  test("throws, rejects unseen, or leaves a socket open; and the others are not blamed", () => {
    const outcomes = outcomeOf(
      `${open}\n${close}`,
      'throw new Error("thrown");',
      'Promise.reject(new Error("unseen"));',
      `${open}\nleft.close();\nconsole.log(right.closed);`,
      `${open}\n${close}`,
    );
    expect(outcomes.map(({ problems }) => problems)).toEqual([
      [],
      [expect.stringContaining("Error: thrown")],
      [expect.stringContaining("Error: unseen")],
      [expect.stringMatching(/^leaves 1 open: \d+ socket:/)],
      [],
    ]);
  });

  test.for([
    ["waits for ever", `${open}\nawait left.recv(1);\n${close}`, /^never ends$/],
    ["has nothing left to wait for", "await new Promise(() => {});", /^ends the process$/],
  ] as const)("%s; those behind it are then not run", ([, endless, problem]) => {
    const outcomes = outcomeOf(`${open}\n${close}`, endless, `${open}\n${close}`);
    expect(outcomes.map(({ problems }) => problems)).toEqual([
      [],
      [expect.stringMatching(problem)],
      [expect.stringMatching(/^not run, /)],
    ]);
  });
});
