/** A file, and its path from the folder of the page. */
export interface DroppedFile {
  readonly file: File;
  readonly path: string;
}

/** The files that were dropped, those of folders too. The list of a drop is empty after the event, so this must begin within it. */
export async function* droppedFiles(data: DataTransfer): AsyncGenerator<DroppedFile> {
  const entries = [...data.items].flatMap((item) => {
    const entry = item.kind === "file" ? item.webkitGetAsEntry() : null;
    return entry === null ? [] : [entry];
  });
  for (const entry of entries) yield* filesOf(entry);
}

async function* filesOf(entry: FileSystemEntry): AsyncGenerator<DroppedFile> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    yield { file, path: entry.fullPath.replace(/^\//, "") };
  } else if (isFolder(entry)) {
    const reader = entry.createReader();
    // It gives a hundred at a time.
    for (;;) {
      const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (entries.length === 0) return;
      for (const each of entries) yield* filesOf(each);
    }
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
