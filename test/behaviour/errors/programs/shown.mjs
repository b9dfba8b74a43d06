/** @param {unknown} error */
export function shown(error) {
  if (!(error instanceof Error)) throw new Error("there was no error");
  return { ...error, message: error.message };
}
