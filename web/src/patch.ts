/** Fixes come as diffs without context; this makes them in the text that they are for. */

/** Return the text with a diff made, or null where it is for another text. */
export function applied(code: string, diff: string): string | null {
  const lines = code.split("\n");
  for (const hunk of hunksOf(diff).reverse()) {
    const start = hunk.removed.length ? hunk.start - 1 : hunk.start;
    if (hunk.removed.some((line, place) => lines[start + place] !== line)) return null;
    lines.splice(start, hunk.removed.length, ...hunk.added);
  }
  return lines.join("\n");
}

interface Hunk {
  start: number;
  removed: string[];
  added: string[];
}

function hunksOf(diff: string): Hunk[] {
  const hunks: Hunk[] = [];
  for (const line of diff.split("\n")) {
    const head = /^@@ -(\d+)/.exec(line);
    if (head) hunks.push({ start: Number(head[1]), removed: [], added: [] });
    else if (line.startsWith("-")) hunks.at(-1)?.removed.push(line.slice(1));
    else if (line.startsWith("+")) hunks.at(-1)?.added.push(line.slice(1));
  }
  return hunks;
}
