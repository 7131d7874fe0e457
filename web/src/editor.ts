/** The code editor; loaded when the first scene is shown. */

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { forceLinting, lintGutter, linter, setDiagnostics, type Diagnostic as Mark } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Diagnostic } from "./types";

export interface Handle {
  text(): string;
  replace(text: string): void;
  mark(found: Diagnostic[]): void;
  goTo(line: number): void;
  destroy(): void;
}

interface Events {
  changed(text: string): void;
  render(): void;
}

const LOOK = EditorView.theme({
  "&": { maxHeight: "60vh", color: "var(--text)", backgroundColor: "var(--code)", fontSize: "0.875rem" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--accent)" },
  ".cm-gutters": { backgroundColor: "var(--code)", color: "var(--faint)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--active-line)" },
  ".cm-content, .cm-gutters": { minHeight: "11rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-lint-marker": { width: "0.6em", height: "0.6em", margin: "0.45em auto", borderRadius: "50%", content: "none" },
  ".cm-lint-marker-error": { backgroundColor: "var(--bad)", content: "none" },
  ".cm-lint-marker-warning": { backgroundColor: "var(--warn)", content: "none" },
  ".cm-lint-marker-info": { backgroundColor: "var(--edge)", content: "none" },
  ".cm-lintRange": { backgroundImage: "none !important", textDecoration: "underline wavy var(--edge)", textUnderlineOffset: "0.25em" },
  ".cm-lintRange-error": { textDecorationColor: "var(--bad)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--warn)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selection)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", color: "var(--text)", border: "1px solid var(--line)" },
  ".cm-diagnostic": { padding: "6px 10px" },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword, tags.self], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: "var(--code-function)" },
  { tag: [tags.className, tags.definition(tags.className)], color: "var(--code-class)" },
  { tag: [tags.comment, tags.docString], color: "var(--code-comment)", fontStyle: "italic" },
]);

/** Put an editor into the element. Its styles live in a shadow root, as sheets that the page's policy allows. */
export function mount(host: HTMLElement, text: string, events: Events): Handle {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.replaceChildren();
  const extensions = [
    lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), lintGutter(),
    linter(null), indentUnit.of("    "), python(), syntaxHighlighting(COLOURS), LOOK,
    keymap.of([{ key: "Mod-Enter", run: () => { events.render(); return true; } }, ...defaultKeymap, ...historyKeymap]),
    EditorView.contentAttributes.of({ "aria-label": "Code of the scene", tabindex: "0" }),
    EditorView.updateListener.of((update) => { if (update.docChanged) events.changed(update.state.doc.toString()); }),
  ];
  const view = new EditorView({ state: EditorState.create({ doc: text, extensions }), parent: root, root });
  return {
    text: () => view.state.doc.toString(),
    replace: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    mark: (found) => { view.dispatch(setDiagnostics(view.state, found.map((one) => markOf(view, one)))); forceLinting(view); },
    goTo: (line) => {
      const at = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
      view.dispatch({ selection: { anchor: at.from }, effects: EditorView.scrollIntoView(at.from, { y: "center" }) });
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}

function markOf(view: EditorView, found: Diagnostic): Mark {
  const { doc } = view.state;
  const place = (line: number, column: number) => {
    const at = doc.line(Math.min(Math.max(1, line), doc.lines));
    return Math.min(at.to, at.from + Math.max(0, column - 1));
  };
  const from = place(found.line, found.column ?? 1);
  const to = Math.max(from, place(found.end_line ?? found.line, found.end_column ?? 10_000));
  const severity = found.severity === "advice" ? "info" : found.severity;
  return { from, to, severity, message: found.message, source: found.rule };
}
