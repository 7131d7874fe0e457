import { useEffect, useRef, useState } from "preact/hooks";
import { clock } from "../words";
import type { Job, LayoutFinding } from "../types";
import { Boxes } from "./layout";

interface Props {
  job: Job;
  stale: boolean;
  findings: LayoutFinding[];
  shown: LayoutFinding | null;
}

const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];

/** The video, with what a browser's own player does not have. */
export function Player({ job, stale, findings, shown }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const [at, setAt] = useState(0);
  const [speed, setSpeed] = useState(1);
  const [loop, setLoop] = useState(false);
  const [boxes, setBoxes] = useState(findings.length > 0);
  const [gone, setGone] = useState(false);
  useEffect(() => { if (video.current) video.current.playbackRate = speed; }, [speed]);
  useEffect(() => {
    if (!shown || !video.current) return;
    video.current.pause();
    video.current.currentTime = (shown.start_s + Math.max(shown.start_s, shown.end_s)) / 2;
    setBoxes(true);
  }, [shown]);
  if (!job.url || !job.video) return null;
  const { width, height, fps } = job.video;
  const step = (frames: number) => {
    const player = video.current;
    if (!player) return;
    player.pause();
    player.currentTime = Math.min(player.duration || 0, Math.max(0, player.currentTime + frames / (fps || 30)));
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const facts = { "--ratio": `${width} / ${height}`, "--across": width / height };
  return (
    <figure class="player">
      <div class="screen" style={facts}>
        {gone ? (
          <p class="gone">The video is not there any more: its time is over, or it was removed. Render the scene again to have it back.</p>
        ) : (
          <video ref={video} src={job.url} controls playsInline muted loop={loop} autoplay={!calm} preload="auto"
            width={width} height={height} aria-label={job.title ?? "The animation"}
            onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
            onSeeked={(event) => setAt(event.currentTarget.currentTime)}
            onError={() => setGone(true)} />
        )}
        {boxes && <Boxes findings={findings} at={at} width={width} height={height} />}
        {stale && <span class="badge">The code has changed since this was rendered</span>}
      </div>
      <figcaption class="controls">
        <div class="row" role="group" aria-label="Player">
          <button type="button" onClick={() => step(-1)} aria-label="One frame back">◂ frame</button>
          <button type="button" onClick={() => step(1)} aria-label="One frame on">frame ▸</button>
          <label class="option"><span>Speed</span>
            <select value={String(speed)} onChange={(event) => setSpeed(Number(event.currentTarget.value))}>
              {SPEEDS.map((one) => <option key={one} value={String(one)}>{one}×</option>)}
            </select></label>
          <button type="button" aria-pressed={loop} onClick={() => setLoop(!loop)}>Loop</button>
          {findings.length > 0 && <button type="button" aria-pressed={boxes} onClick={() => setBoxes(!boxes)}>Layout boxes</button>}
        </div>
        <span class="note">{clock(at)} of {clock(job.video.duration_seconds)} · {width}×{height}, {Math.round(fps)} fps</span>
      </figcaption>
    </figure>
  );
}
