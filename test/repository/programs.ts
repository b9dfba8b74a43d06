// The programs of the pages: blocks that begin with the name of a file. A name alone is a program of the page's own, which
// runs until it is stopped; a path is an excerpt of that file, which other tests run.
import type { CodeBlock } from "./code-blocks.ts";

/** The name of the file that a block is, as its first line says: `// server.ts`, `# server.py`. */
export function fileName({ code }: CodeBlock): string | undefined {
  return /^(?:\/\/|#) (\w+\.(?:ts|py))\n/.exec(code)?.[1];
}

/** Whether a block is a program of its own, which is spoken to and not merely run. */
export function isProgram(block: CodeBlock): boolean {
  return fileName(block) !== undefined;
}

/** The file that a block is taken from: `// examples/udp-server.ts`, `# test/tools/tutorials/udp-server.py`. */
export function excerptFrom({ code }: CodeBlock): string | undefined {
  const [, typescript, python] =
    /^(?:\/\/ ((?:examples|src\/socketserver)\/[\w-]+\.ts)|# (test\/tools\/tutorials\/[\w-]+\.py))\n/.exec(code) ?? [];
  return typescript ?? python;
}

/** The pieces of an excerpt, in their order; between them, `// …` or `# …` stands for what was left out. */
export function pieces({ code }: CodeBlock): string[] {
  const [, ...lines] = code.split("\n");
  return lines.join("\n").split(/^ *(?:\/\/|#) …\n/m);
}

/** Whether the pieces are whole lines of the text, in this order. */
export function holds(text: string, parts: readonly string[]): boolean {
  let rest = `\n${text}`;
  return parts.every((part) => {
    const lines = `\n${part.replace(/\n$/, "")}\n`;
    const at = rest.indexOf(lines);
    rest = rest.slice(at + lines.length - 1);
    return at >= 0;
  });
}
