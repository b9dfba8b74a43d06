import { StreamRequestHandler } from "../../src/socketserver.ts";

/** A socketserver handler that echoes one line. */
export class EchoLine extends StreamRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(await this.rfile.readline());
  }
}
