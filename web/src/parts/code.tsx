import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../api";
import type { Handle } from "../editor";
import { applied } from "../patch";
import { say } from "../state";
import type { Diagnostic, Report } from "../types";

interface Props {
  code: string;
  /** The scene as it was rendered; what is written here differs from it after a change. */
  text: string;
  changed(text: string): void;
  render(): void;
  /** The line to go to, once. */
  line: number | null;
  shown(): void;
}

const CHECK_AFTER_MS = 500;

/** The editor with what the checker says of the scene. */
export function CodePanel({ code, text, changed, render, line, shown }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const handle = useRef<Handle | null>(null);
  const calls = useRef({ changed, render });
  calls.current = { changed, render };
  const [ready, setReady] = useState(false);
  const [report, setReport] = useState<Report | null>(null);
  useEffect(() => {
    let gone = false;
    void import("../editor").then(({ mount }) => {
      if (gone || !host.current) return;
      handle.current = mount(host.current, text, {
        changed: (next) => calls.current.changed(next),
        render: () => calls.current.render(),
      });
      setReady(true);
    });
    return () => { gone = true; handle.current?.destroy(); handle.current = null; };
  }, []);
  useEffect(() => {
    if (handle.current && handle.current.text() !== text) handle.current.replace(text);
  }, [text, ready]);
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => void check(text, stop.signal).then((found) => { if (found) setReport(found); }), CHECK_AFTER_MS);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [text]);
  useEffect(() => { if (ready && report) handle.current?.mark(report.diagnostics); }, [report, ready]);
  useEffect(() => {
    if (line === null || !ready) return;
    handle.current?.goTo(line);
    shown();
  }, [line, ready]);
  return (
    <div class="code">
      <div class="editor" ref={host}>{!ready && <pre>{text}</pre>}</div>
      <Findings report={report} goTo={(at) => handle.current?.goTo(at)} fix={(diff) => mend(text, diff, changed)}
        fixAll={(next) => { changed(next); say("All certain fixes are made."); }} />
      {text !== code && <button type="button" class="quiet" onClick={() => changed(code)}>Undo all changes</button>}
    </div>
  );
}

async function check(text: string, signal: AbortSignal): Promise<Report | null> {
  if (!text.trim()) return null;
  try {
    return await ask<Report>("POST", "/check", { code: text }, signal);
  } catch {
    return null; // Rendering says what is wrong with the server; advice just stays away.
  }
}

function mend(text: string, diff: string, changed: (text: string) => void): void {
  const next = applied(text, diff);
  if (next !== null) changed(next);
  say(next === null ? "The code has changed since; the fix does not fit any more." : "The fix is made.");
}

interface FindingsProps {
  report: Report | null;
  goTo(line: number): void;
  fix(diff: string): void;
  fixAll(code: string): void;
}

function Findings({ report, goTo, fix, fixAll }: FindingsProps) {
  if (!report) return null;
  if (!report.diagnostics.length) return <p class="note good">The checker has nothing to say against it.</p>;
  const fixable = report.diagnostics.filter((found) => found.fix).length;
  return (
    <div class="findings">
      <div class="row between">
        <h2>The checker says</h2>
        {fixable > 1 && report.fixed_code && <button type="button" onClick={() => fixAll(report.fixed_code!)}>Fix all {fixable}</button>}
      </div>
      <ul>
        {report.diagnostics.map((found, place) => (
          <Finding key={`${place}-${found.rule}`} found={found} goTo={goTo} fix={fix} />
        ))}
      </ul>
    </div>
  );
}

function Finding({ found, goTo, fix }: { found: Diagnostic; goTo(line: number): void; fix(diff: string): void }) {
  return (
    <li class={found.severity}>
      <button type="button" class="line" onClick={() => goTo(found.line)} aria-label={`Go to line ${found.line}`}>{found.line}</button>
      <div>
        <p><span class="severity">{found.severity}</span> {found.message}</p>
        {found.hint && <p class="hint">{found.hint}</p>}
        {found.fix && <pre class="diff" tabIndex={0} aria-label="What the fix changes"><DiffLines diff={found.fix} /></pre>}
      </div>
      {found.fix && <button type="button" onClick={() => fix(found.fix!)} aria-label={`Fix line ${found.line}`}>Fix</button>}
    </li>
  );
}

export function DiffLines({ diff }: { diff: string }) {
  return (
    <>
      {diff.split("\n").filter((text) => !text.startsWith("@@")).map((text, place) => (
        <span key={place} class={text.startsWith("+") ? "added" : text.startsWith("-") ? "removed" : undefined}>{text}{"\n"}</span>
      ))}
    </>
  );
}
