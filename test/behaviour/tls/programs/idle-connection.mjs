// A client with TLS that is connected. With "idle" nothing waits for it, and the process exits; with "read" it waits for data.
import { connect } from "sockwright/server";

const [url = "", ca = "", word] = process.argv.slice(2);
const connection = await connect({ url, ca });
console.log("connected");
if (word === "read") void connection.read().then((bytes) => console.log(`read ${bytes}`));
