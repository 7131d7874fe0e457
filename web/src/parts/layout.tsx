import type { LayoutFinding } from "../types";

const SHORT_SIDE = 8;
/** Manim's units of the frame's short side. */

interface Props {
  findings: LayoutFinding[];
  at: number;
  width: number;
  height: number;
}

/** What the layout report found, drawn over the frame that is shown. */
export function Boxes({ findings, at, width, height }: Props) {
  const unit = Math.min(width, height) / SHORT_SIDE;
  const [wide, high] = [width / unit, height / unit];
  const now = findings.filter((found) => at >= found.start_s - 0.05 && at <= found.end_s + 0.05);
  return (
    <svg class="boxes" viewBox={`${-wide / 2} ${-high / 2} ${wide} ${high}`} aria-hidden="true">
      {now.flatMap((found, place) => found.objects.map((object, number) => object.box && (
        <rect key={`${place}-${number}`} class={number ? "second" : undefined} x={object.box[0]} y={-object.box[3]}
          width={Math.max(0.05, object.box[2] - object.box[0])} height={Math.max(0.05, object.box[3] - object.box[1])} />
      )))}
    </svg>
  );
}

interface ListProps {
  findings: LayoutFinding[];
  show(finding: LayoutFinding): void;
}

export function LayoutList({ findings, show }: ListProps) {
  if (!findings.length) return <p class="note good">Nothing lies off the frame or over something else.</p>;
  return (
    <ul class="layout">
      {findings.map((found, place) => (
        <li key={place}>
          <div>
            <p>{found.message}</p>
            {found.hint && <p class="hint">{found.hint}</p>}
          </div>
          <button type="button" onClick={() => show(found)} aria-label={`Show finding ${place + 1} in the video`}>Show</button>
        </li>
      ))}
    </ul>
  );
}
