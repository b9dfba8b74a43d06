/**
 * The program of the thread that computes digests: always the compiled one, even when this file runs as TypeScript, because a worker cannot
 * load TypeScript. This file and the bundled command are at the same depth in the package, so that the path works for both.
 */
export const DIGEST_PROGRAM = new URL("../../dist/services/files/digest-worker.js", import.meta.url);
