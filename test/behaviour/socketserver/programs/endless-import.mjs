// A module that is never imported.
await new Promise(() => setInterval(() => undefined, 1e6));

export class Endless {}
