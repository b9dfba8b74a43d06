/** An element of a doubly linked ring, or the head that stands for the ring. To enter or leave takes one step and no memory. */
export class Ring {
  #next: Ring = this;
  #previous: Ring = this;

  /** The first element after a head: the one that entered first. */
  get first(): Ring | undefined {
    return this.#next === this ? undefined : this.#next;
  }

  /** Leaves its ring, and becomes the last element of the ring of `head`. */
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

  /** Called when the time of its slot in a wheel has come; does nothing for a head. */
  onTick(_nowMs: number): void {}
}
