/** Limits the characters of the tag by which a client recognizes its own message; the server refuses a frame with a longer one. */
const MAX_TAG_CHARACTERS = 64;

/** A frame that a client sends over the WebSocket. */
export type ClientFrame =
  | {
      readonly type: "join";
      readonly name: string;
      readonly room: string;
      readonly key: string | undefined;
      readonly since: number | undefined;
      readonly token: string | undefined;
    }
  | { readonly type: "say"; readonly text: string; readonly tag: string | undefined };

/** The error of an invalid frame. Its message is for the programmer of the client. */
export class ClientFrameError extends Error {
  override readonly name = "ClientFrameError";
  /** The tag of the frame, if it has a valid one. */
  readonly tag: string | undefined;

  constructor(message: string, tag?: string) {
    super(message);
    this.tag = tag;
  }
}

/**
 * Parses and checks a frame of a client.
 *
 * @throws ClientFrameError.
 */
export function parseClientFrame(text: string): ClientFrame {
  const fields = new FrameFields(objectOf(text));
  const type = fields.text("type");
  switch (type) {
    case "join":
      return fields.all({
        type,
        name: fields.text("name"),
        room: fields.text("room"),
        key: fields.optionalText("key"),
        since: fields.optionalId("since"),
        token: fields.optionalText("token"),
      });
    case "say": {
      const tag = fields.tag();
      return fields.all({ type, text: fields.text("text"), tag });
    }
    default:
      throw new ClientFrameError("The type must be join or say.");
  }
}

function objectOf(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The client learns no more than the sentence below.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ClientFrameError("A frame must be one JSON object.");
  return value;
}

/** The fields of a frame; it remembers which were read, to reject unknown ones. */
class FrameFields {
  readonly #fields: ReadonlyMap<string, unknown>;
  #tag: string | undefined;

  constructor(frame: object) {
    this.#fields = new Map(Object.entries(frame));
  }

  text(name: string): string {
    const value = this.#fields.get(name);
    if (typeof value !== "string") throw this.#error(`The field ${name} must be text.`);
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.#fields.has(name) ? this.text(name) : undefined;
  }

  optionalId(name: string): number | undefined {
    if (!this.#fields.has(name)) return undefined;
    const value = this.#fields.get(name);
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
      throw this.#error(`The field ${name} must be the id of a message, or 0.`);
    return value;
  }

  tag(): string | undefined {
    const tag = this.optionalText("tag");
    if (tag !== undefined && (tag === "" || tag.length > MAX_TAG_CHARACTERS))
      throw this.#error(`The field tag must have 1 to ${MAX_TAG_CHARACTERS} characters.`);
    this.#tag = tag;
    return tag;
  }

  /** Rejects unknown fields. */
  all<Frame extends ClientFrame>(frame: Frame): Frame {
    for (const name of this.#fields.keys()) {
      if (!Object.hasOwn(frame, name))
        throw this.#error(`A ${frame.type} may have only the fields ${Object.keys(frame).join(", ")}.`);
    }
    return frame;
  }

  #error(message: string): ClientFrameError {
    return new ClientFrameError(message, this.#tag);
  }
}
