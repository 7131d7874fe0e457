import type { ComponentChildren } from "preact";

export interface Tab {
  id: string;
  name: string;
  count?: number;
}

interface Props {
  tabs: Tab[];
  chosen: string;
  choose(id: string): void;
  children: ComponentChildren;
}

export function Tabs({ tabs, chosen, choose, children }: Props) {
  const key = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.findIndex((tab) => tab.id === chosen) + step + tabs.length) % tabs.length]!;
    choose(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div class="tabs">
      <div role="tablist" aria-label="About this animation" onKeyDown={key}>
        {tabs.map((tab) => (
          <button key={tab.id} type="button" role="tab" id={`tab-${tab.id}`} aria-selected={tab.id === chosen}
            aria-controls="tab-panel" tabIndex={tab.id === chosen ? 0 : -1} onClick={() => choose(tab.id)}>
            {tab.name}{tab.count ? <span class="count">{tab.count}</span> : null}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${chosen}`}>{children}</div>
    </div>
  );
}
