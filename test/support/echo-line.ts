import { StreamRequestHandler } from "../../src/socketserver.ts";

/** A handler of socketserver that answers one line with the same line. */
export class EchoLine extends StreamRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(await this.rfile.readline());
  }
}
