// What the tests call of negotiator, which has no types: those of @types/negotiator are without the options.
declare module "negotiator" {
  class Negotiator {
    constructor(request: { readonly headers: Readonly<Record<string, string>> });
    encodings(available: readonly string[], options: { readonly preferred: readonly string[] }): string[];
  }
  export = Negotiator;
}
