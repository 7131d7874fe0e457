import { useState } from "preact/hooks";
import { say } from "../state";

/** The same request for a shell and for Python. */
export function Snippets({ body }: { body: Record<string, unknown> }) {
  const here = location.origin;
  const json = JSON.stringify(body, null, 2);
  const curl = `curl -X POST ${here}/generate \\\n  -H "Content-Type: application/json" \\\n  -d '${json.replaceAll("'", "'\\''")}'`;
  const python = [
    "import json, time, urllib.request", "",
    `base = ${JSON.stringify(here)}`,
    `body = json.loads(${pythonText(json)})`,
    'request = urllib.request.Request(base + "/generate", json.dumps(body).encode(), {"Content-Type": "application/json"})',
    'job = json.load(urllib.request.urlopen(request))["job_id"]',
    'while (found := json.load(urllib.request.urlopen(f"{base}/status/{job}")))["status"] not in {"complete", "failed", "cancelled", "expired"}:',
    "    time.sleep(1)",
    'print(found["url"] or found["error"]["detail"])',
  ].join("\n");
  return (
    <div class="snippets">
      <Snippet name="curl" text={curl} />
      <Snippet name="Python" text={python} />
    </div>
  );
}

function pythonText(json: string): string {
  return `r'''${json.replaceAll("'''", "\\u0027\\u0027\\u0027")}'''`;
}

function Snippet({ name, text }: { name: string; text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    say(`The ${name} text is copied.`);
  };
  return (
    <figure>
      <figcaption>{name}<button type="button" class="quiet" onClick={() => void copy()}>{copied ? "Copied" : "Copy"}</button></figcaption>
      <pre tabIndex={0} aria-label={`${name} text`}>{text}</pre>
    </figure>
  );
}
