/** The screen of a chat: shows received lines and reads the lines to send. */
export interface ChatScreen {
  /** Somebody sits there, who sees at once what was refused and can say it again. */
  readonly isTerminal: boolean;
  /** A line that was received, shown so that it does a terminal no harm. Settles when it has been taken. */
  show(line: string): Promise<void>;
  /** What the command itself has to tell. */
  notice(text: string): Promise<void>;
  /** What is to be said, line by line, until the person leaves or {@link close}. */
  lines(): AsyncIterable<string>;
  /** Puts a line that was refused where it was typed. */
  giveBack(line: string): void;
  /** Takes no more lines, and leaves the terminal as it was. */
  close(): void;
}
