import { size } from "../words";
import type { Job } from "../types";

/** What may be taken away. */
export function Downloads({ job, code }: { job: Job; code: string }) {
  const name = fileName(job.title ?? job.prompt);
  return (
    <ul class="downloads">
      {job.url && job.video && <li><a href={job.url} download={`${name}.mp4`}>Video, MP4 <small>{size(job.video.bytes)}</small></a></li>}
      <li><button type="button" onClick={() => save(code, `${name}.py`)}>Scene, Python</button></li>
      {job.explanation && <li><button type="button" onClick={() => save(`${job.title ?? ""}\n\n${job.explanation}\n`, `${name}.txt`)}>Explanation, text</button></li>}
    </ul>
  );
}

export function fileName(title: string): string {
  return title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60) || "animation";
}

function save(text: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
