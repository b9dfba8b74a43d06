// A client whose stream waits for data from a peer that sends none. The process exits, unless the argument is "ref".
import { connect } from "sockwright/server";

const [url = "", word] = process.argv.slice(2);
const stream = (await connect(url)).stream().unref().resume();
if (word === "ref") stream.ref().on("data", () => process.exit(7));
