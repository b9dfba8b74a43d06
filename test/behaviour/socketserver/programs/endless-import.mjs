// A module whose import never finishes.
await new Promise(() => setInterval(() => undefined, 1e6));

export class Endless {}
