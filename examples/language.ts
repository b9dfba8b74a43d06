// The language of the texts that an example prints: English, or the tutorials' with --lang zh.
// It takes the option out of process.argv, so that the rest of the program sees its own arguments.
// Words after `--` are not options.

const USAGE_EXIT_CODE = 2;
let isChinese = false;

for (;;) {
  const words = process.argv.includes("--")
    ? process.argv.slice(0, process.argv.indexOf("--"))
    : process.argv;
  const at = words.findIndex((word, index) => index > 1 && /^--lang(?:=|$)/.test(word));
  if (at < 0) break;
  const [option = "", next] = process.argv.splice(at, process.argv[at] === "--lang" ? 2 : 1);
  const language = option === "--lang" ? next : option.slice("--lang=".length);
  if (language !== "zh" && language !== "en") {
    console.error(language ? `--lang takes zh or en, not "${language}"` : "--lang takes zh or en");
    process.exit(USAGE_EXIT_CODE); // this runs before run() of command.ts can catch an error
  }
  isChinese = language === "zh";
}

/** Returns the text in the language of the command line. */
export function choose(english: string, chinese: string): string {
  return isChinese ? chinese : english;
}
