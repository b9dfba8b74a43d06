/** The screen of a chat: shows received lines and reads the lines to send. */
export interface ChatScreen {
  /** Whether a person types the lines: a person sees a refusal at once and can type the line again. */
  readonly isTerminal: boolean;
  /** Shows a received line with its control characters escaped. Settles when the output has accepted the line. */
  show(line: string): Promise<void>;
  /** Shows a notice of the command itself. */
  notice(text: string): Promise<void>;
  /** The lines to send, until the end of the input or a call of {@link close}. */
  lines(): AsyncIterable<string>;
  /** Puts a refused line back into the edited line of a terminal. */
  giveBack(line: string): void;
  /** Stops reading lines and restores the terminal. */
  close(): void;
}
