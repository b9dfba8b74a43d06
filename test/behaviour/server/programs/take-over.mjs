// @ts-check
// Serves on the given URL after the first data on standard input, prints the result, and runs until its standard input
// ends.
import { serve } from "sockwright/server";

process.stdin.once("data", () => {
  serve(process.argv[2] ?? "", async () => undefined).then(
    () => console.log("serves"),
    (error) => console.log(error.code),
  );
});
process.stdin.once("end", () => process.exit());
console.log("ready");
