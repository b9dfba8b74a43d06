// The parts of negotiator that the tests use. It has no types, and those of @types/negotiator lack the options.
declare module "negotiator" {
  class Negotiator {
    constructor(request: { readonly headers: Readonly<Record<string, string>> });
    encodings(available: readonly string[], options: { readonly preferred: readonly string[] }): string[];
  }
  export = Negotiator;
}
