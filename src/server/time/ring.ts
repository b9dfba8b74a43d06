/** An element of a ring, and by its head, the ring. It is entered and left in one step, and needs no memory besides. */
export class Ring {
  #next: Ring = this;
  #previous: Ring = this;

  /** Of a head: what entered first. */
  get first(): Ring | undefined {
    return this.#next === this ? undefined : this.#next;
  }

  /** Leaves the ring where it is, and becomes the last of this one. */
  enter(head: Ring): void {
    this.leave();
    this.#previous = head.#previous;
    this.#next = head;
    head.#previous.#next = this;
    head.#previous = this;
  }

  leave(): void {
    this.#previous.#next = this.#next;
    this.#next.#previous = this.#previous;
    this.#next = this;
    this.#previous = this;
  }

  /** The time of the slot of a wheel has come; nothing for a head. */
  reached(_nowMs: number): void {}
}
