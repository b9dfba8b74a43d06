// The page of a folder of the files service: uploads that pause and go on, and the list of files.
import { Digests, isWorker, runWorker } from "./digest.ts";
import { type DroppedFile, droppedFiles } from "./dropped.ts";
import { Listing } from "./listing.ts";
import { UploadList } from "./upload-list.ts";

if (isWorker) runWorker();
else runPage();

function runPage(): void {
  const main = document.getElementById("main");
  const table = document.getElementById("listing");
  if (main === null || !(table instanceof HTMLTableElement)) return;
  const status = document.getElementById("status");
  const say = (text: string): void => {
    if (status !== null) status.textContent = text;
  };
  const rights = new Set((main.dataset["rights"] ?? "").split(" "));
  const listing = new Listing(table, rights, say);
  const form = document.getElementById("form");
  const list = document.getElementById("uploads");
  if (!(form instanceof HTMLFormElement) || list === null || status === null) return;
  const uploads = new UploadList(list, status, new Digests(), () => void listing.reload().catch(() => undefined));
  takeFiles(main, form, uploads, say);
  document.getElementById("new-folder")?.addEventListener("click", () => void listing.makeFolder());
}

function takeFiles(main: HTMLElement, form: HTMLFormElement, uploads: UploadList, say: (text: string) => void): void {
  const input = form.querySelector("input");
  const submit = form.querySelector("button");
  const drop = document.getElementById("drop");
  if (input === null || submit === null || drop === null) return;
  // Without this script, the form itself sends the files.
  submit.hidden = true;
  drop.hidden = false;
  const addAll = (files: FileList | null): void => {
    for (const file of files ?? [])
      uploads.add(file, file.webkitRelativePath === "" ? file.name : file.webkitRelativePath);
  };
  input.addEventListener("change", () => {
    addAll(input.files);
    input.value = "";
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("folder-choice")?.addEventListener("click", () => {
    const choice = document.createElement("input");
    choice.type = "file";
    choice.webkitdirectory = true;
    choice.addEventListener("change", () => addAll(choice.files));
    choice.click();
  });
  main.addEventListener("dragover", (event) => {
    event.preventDefault();
    main.classList.add("over");
  });
  main.addEventListener("dragleave", () => main.classList.remove("over"));
  main.addEventListener("drop", (event) => {
    event.preventDefault();
    main.classList.remove("over");
    const { dataTransfer } = event;
    if (dataTransfer === null) return;
    addDropped(droppedFiles(dataTransfer), uploads).catch((error: unknown) => say(String(error)));
  });
}

async function addDropped(files: AsyncIterable<DroppedFile>, uploads: UploadList): Promise<void> {
  for await (const { file, path } of files) uploads.add(file, path);
}
