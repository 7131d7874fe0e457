import { useEffect, useRef, useState } from "preact/hooks";
import { keepKey, keyWanted, storedKey } from "../api";

/** Asks for an API key where the server wants one; it is forgotten with the tab. */
export function KeyDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState(storedKey());
  const wanted = keyWanted.value;
  useEffect(() => {
    if (wanted && !dialog.current?.open) dialog.current?.showModal();
    if (!wanted) dialog.current?.close();
  }, [wanted]);
  const submit = (event: Event) => {
    event.preventDefault();
    keepKey(text.trim());
    location.reload();
  };
  return (
    <dialog ref={dialog} aria-labelledby="key-title" onClose={() => { keyWanted.value = null; }}>
      <form onSubmit={submit}>
        <h2 id="key-title">This service asks for an API key</h2>
        <p>{wanted?.detail} It is kept in this tab only.</p>
        <label class="field">
          <span>API key</span>
          <input type="password" autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <div class="row end">
          <button type="button" onClick={() => dialog.current?.close()}>Not now</button>
          <button type="submit" class="primary">Use this key</button>
        </div>
      </form>
    </dialog>
  );
}
