"""The commands and their options; each hands over to a module of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="manimatic",
    help="Say what you want to see; get a Manim animation, rendered in a sandbox.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
jobs_app = typer.Typer(help="Look at jobs and steer them.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(jobs_app, name="jobs")
webhooks_app = typer.Typer(help="Secrets that sign webhooks.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(webhooks_app, name="webhooks")
keys_app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(keys_app, name="keys")

Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Where the video goes. Default: named after its title, here.")
]
Quality = Annotated[
    str,
    typer.Option("-q", "--quality", help="l 480p15, m 720p30, h 1080p60, p 1440p60, k 2160p60; -ql works too."),
]
Aspect = Annotated[str, typer.Option("--aspect-ratio", help="16:9, 9:16, 1:1, 4:5 or 4:3.")]
Fps = Annotated[int | None, typer.Option("--fps", help="Frames per second, 1 to 120. Default: the quality's own.")]
Background = Annotated[str, typer.Option("--background", help="Colour behind the scene, such as #1c1c1c.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Makes random scenes repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
JobId = Annotated[str, typer.Argument(help="The job's id.")]


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(help="What you want to see.")],
    output: Output = None,
    quality: Quality = "m",
    aspect_ratio: Aspect = "16:9",
    fps: Fps = None,
    background: Background = "#000000",
    seed: Seed = None,
    model: Annotated[str | None, typer.Option("--model", help="Another model than the configured one.")] = None,
    duration: Annotated[float | None, typer.Option("--duration", help="About how many seconds long.")] = None,
    as_json: AsJson = False,
) -> None:
    """Turn a prompt into a video, its code and an explanation."""
    from manimatic.cli.make import Wanted, make_video
    from manimatic.service import new_job

    new = new_job(
        prompt=prompt,
        quality=quality,
        aspect_ratio=aspect_ratio,
        fps=fps,
        background=background,
        seed=seed,
        model=model,
        duration_hint_seconds=duration,
    )
    raise typer.Exit(make_video(Wanted(new=new, output=output, as_json=as_json)))


@app.command()
def render(
    file: Annotated[Path, typer.Argument(help="A file with a Manim scene; - reads standard input.")],
    scene: Annotated[str | None, typer.Argument(help="Which scene. Default: the last one defined.")] = None,
    output: Output = None,
    quality: Quality = "m",
    aspect_ratio: Aspect = "16:9",
    fps: Fps = None,
    background: Background = "#000000",
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Render your own scene in the sandbox; no model is asked."""
    from manimatic.cli.make import Wanted, make_video, read_source
    from manimatic.service import new_job

    new = new_job(
        code=read_source(file),
        scene=scene,
        quality=quality,
        aspect_ratio=aspect_ratio,
        fps=fps,
        background=background,
        seed=seed,
    )
    raise typer.Exit(make_video(Wanted(new=new, output=output, as_json=as_json, name=scene or file.stem)))


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Files with Manim scenes; - reads standard input.")],
    as_json: AsJson = False,
    fix: Annotated[bool, typer.Option("--fix", help="Make the fixes that are certain, in the files.")] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Execute the scenes in the sandbox, without drawing them, too.")
    ] = False,
    aspect_ratio: Aspect = "16:9",
) -> None:
    """Look scenes over without rendering them; ends with 1 where something will make one fail."""
    from manimatic.cli.check import check_files

    raise typer.Exit(check_files(files, as_json=as_json, fix=fix, rehearse=rehearse, aspect_ratio=aspect_ratio))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on (MANIMATIC_HOST).")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on (MANIMATIC_PORT).")] = None,
) -> None:
    """Serve the API: an api, a dispatcher and a launcher, each a process of its own."""
    from manimatic.cli.serve import serve_all

    raise typer.Exit(serve_all(host, port))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look over this machine and print each finding with the command that mends it."""
    from manimatic.cli.doctor import examine_machine

    raise typer.Exit(examine_machine(as_json=as_json))


@app.command()
def settings(as_json: AsJson = False) -> None:
    """Show every setting with its value here; secrets are masked."""
    from manimatic.cli.show import show_settings

    show_settings(as_json=as_json)


@jobs_app.command("list")
def list_jobs(
    state: Annotated[str | None, typer.Option("--state", help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest jobs."""
    from manimatic.cli.manage import list_newest

    list_newest(state, limit, as_json=as_json)


@jobs_app.command()
def show(job_id: JobId, as_json: AsJson = False) -> None:
    """Show one job with its attempts."""
    from manimatic.cli.manage import show_one

    show_one(job_id, as_json=as_json)


@jobs_app.command()
def logs(job_id: JobId) -> None:
    """Print what a job's runs printed."""
    from manimatic.cli.manage import print_log

    print_log(job_id)


@jobs_app.command()
def cancel(job_id: JobId) -> None:
    """Ask a job to stop."""
    from manimatic.cli.manage import cancel_job

    cancel_job(job_id)


@jobs_app.command()
def retry(job_id: JobId) -> None:
    """Store a video again that could not be stored; a running dispatcher does it."""
    from manimatic.cli.manage import store_again

    store_again(job_id)


@jobs_app.command()
def delete(job_id: JobId) -> None:
    """Remove an ended job with its video."""
    from manimatic.cli.manage import delete_job

    delete_job(job_id)


@keys_app.command("create")
def create_key(
    account: Annotated[str, typer.Argument(help="Whose key it is; jobs are seen by the keys of one account alone.")],
    name: Annotated[str, typer.Option("--name", help="A word to know it by.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="read, write or metrics; again for more. Default: read, write.")
    ] = None,
    days: Annotated[float | None, typer.Option("--days", min=0.001, help="Days after which it expires.")] = None,
    jobs_per_day: Annotated[int | None, typer.Option("--jobs-per-day", min=0, help="Jobs a day.")] = None,
    active_jobs: Annotated[int | None, typer.Option("--active-jobs", min=0, help="Jobs at once, waiting too.")] = None,
    render_minutes: Annotated[
        float | None, typer.Option("--render-minutes", min=0, help="Minutes of rendering a day.")
    ] = None,
    cost_usd: Annotated[float | None, typer.Option("--cost-usd", min=0, help="Dollars for models a day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, once: only a hash of it is kept."""
    from manimatic.cli.keys import KeyWanted, create
    from manimatic.keys import Quotas

    quotas = Quotas(
        jobs_per_day=jobs_per_day,
        active_jobs=active_jobs,
        render_minutes_per_day=render_minutes,
        cost_usd_per_day=cost_usd,
    )
    create(KeyWanted(account=account, name=name, scopes=tuple(scope or ()), days=days, quotas=quotas), as_json=as_json)


@keys_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys, with what they have used today."""
    from manimatic.cli.keys import list_all

    list_all(as_json=as_json)


@keys_app.command("revoke")
def revoke_key(prefix: Annotated[str, typer.Argument(help="The key's prefix, as the list shows it.")]) -> None:
    """Let a key be good for nothing from now on."""
    from manimatic.cli.keys import revoke

    revoke(prefix)


@webhooks_app.command("rotate")
def rotate_secret(
    account: Annotated[str, typer.Argument(help="Whose webhooks are signed; `local` where no keys are asked for.")],
    overlap_hours: Annotated[
        float, typer.Option("--overlap-hours", min=0, help="How long the secret before goes on signing beside it.")
    ] = 24.0,
) -> None:
    """Make a secret for an account's webhooks and print it, once."""
    from manimatic.cli.keys import rotate

    rotate(account, overlap_hours * 3600)
