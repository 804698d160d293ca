"""`adm-notebook` in a terminal: run a workflow, see the demo, open the tutorials."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook._version import __version__
from adm_notebook.errors import AdmError, ConfigError, Problem, RunError

if TYPE_CHECKING:
    from adm_notebook.results import WorkflowResult

__all__ = ["main"]

QUICKSTART = "01_quickstart.ipynb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 the workflow failed, 2 it could not begin."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
    except AdmError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="adm-notebook", description=__doc__)
    parser.add_argument("--version", action="version", version=f"adm-notebook {__version__}")
    parser.set_defaults(command=lambda _: _help(parser))
    commands = parser.add_subparsers(metavar="COMMAND")

    demo = commands.add_parser("demo", help="run the quickstart notebook on bundled prices and write a report")
    demo.add_argument("--out", type=Path, default=Path("adm_report.html"), help="the report (default: %(default)s)")
    demo.set_defaults(command=_demo)

    lab = commands.add_parser("lab", help="open the tutorials in JupyterLab")
    lab.add_argument(
        "--dir", type=Path, default=Path("adm_tutorials"), help="folder for your copies (default: %(default)s)"
    )
    lab.add_argument("jupyter", nargs="*", metavar="-- OPTION", help="options for JupyterLab, e.g. -- --no-browser")
    lab.set_defaults(command=_lab)

    run = commands.add_parser(
        "run",
        help="run a workflow that a YAML file describes",
        description="Run a workflow; the file holds what a %%adm cell holds: backtest_config: {strategy: momentum}",
    )
    run.add_argument("config", type=Path, help="the YAML file")
    run.add_argument("--mode", default="auto", help="traditional, composable, hybrid or auto (default: %(default)s)")
    run.add_argument(
        "--out", type=Path, help="folder to save the result in, as Parquet and JSON; adm.WorkflowResult.load reads it"
    )
    run.set_defaults(command=_run)

    warm = commands.add_parser(
        "warm", help="compile the engine now: a first run need not wait for it", description="Compile the engine now."
    )
    warm.set_defaults(command=_warm)
    return parser


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 0


def _warm(_: argparse.Namespace) -> int:
    import adm_notebook.coordinator  # noqa: F401  # everything that a run can need registers its kernels
    from adm_notebook.engine import warmup

    started = time.monotonic()
    warmup.wait()
    print(f"The engine is compiled ({time.monotonic() - started:.1f} s).")
    return 0


# ---- run ------------------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.coordinator import EnhancedCoordinator
    from adm_notebook.errors import DataError
    from adm_notebook.results.storage import check_saved_folder

    config = WorkflowConfig.from_yaml(options.config)
    if options.out is not None:
        check_saved_folder(options.out)  # before hours of work, not after
    try:
        run = EnhancedCoordinator().start(config, options.mode)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    result = _with_bar(run)
    print(repr(result))
    for sentence in _unsaid(result):
        print(f"Note: {sentence}")
    for sentence in result.errors:
        print(sentence, file=sys.stderr)
    if options.out is not None and len(result.stats):
        print(f"Saved in {result.save(options.out)}")
    return 0 if result.success else 1


def _unsaid(result: WorkflowResult) -> list[str]:
    """What is to be noted of a run, defaults among it, that its text has not said."""
    said = " ".join(repr(result).split())
    return [sentence for sentence in result.warnings if " ".join(sentence.split()) not in said]


def _with_bar(run: Any) -> WorkflowResult:
    """Wait for the run beside a progress bar on stderr, which goes when it ends."""
    from tqdm import tqdm

    from adm_notebook.coordinator.events import Progress

    try:
        with tqdm(total=run.plan.n_planned, unit=" rows", leave=False, delay=0.5, disable=None) as bar:
            for event in run.events():
                if isinstance(event, Progress):
                    bar.total = event.total  # of a hybrid workflow it is known better as phases end
                    bar.update(event.done - bar.n)
    except KeyboardInterrupt:
        run.cancel()
    result: WorkflowResult = run.result()
    return result


# ---- tutorials ------------------------------------------------------------------------------------------------------


def tutorials() -> Path:
    """The folder of the tutorial notebooks: inside the installed package, or beside it in the source tree.

    Raises
    ------
    RunError
        where neither is there.
    """
    package = Path(__file__).parent
    for folder in (package / "_tutorials", package.parent / "notebooks"):
        if (folder / QUICKSTART).is_file():
            return folder
    raise RunError("The tutorial notebooks are missing from this installation; install adm-notebook again.")


def _need(module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise ConfigError(
            Problem("", f'{module} is not installed. Type: pip install "adm-notebook[lab]"'), "adm-notebook"
        )


def _demo(options: argparse.Namespace) -> int:
    for module in ("nbclient", "nbconvert", "ipykernel"):
        _need(module)
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbconvert import HTMLExporter

    source = tutorials() / QUICKSTART
    print(f"Running {source.name} in a kernel of its own, on the bundled prices ...", flush=True)
    notebook: Any = nbformat.read(source, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types
    os.environ["ADM_NOTEBOOK_LIVE"] = "0"
    with tempfile.TemporaryDirectory(prefix="adm-demo-") as folder:
        client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}})
        try:
            client.execute(stderr=subprocess.DEVNULL)  # the kernel's own log; errors of cells come back in the notebook
        except CellExecutionError as error:
            raise RunError(f"The quickstart did not run to its end:\n{error}") from None
    for text in _cards(notebook):
        print(f"\n{text}")
    exporter: Any = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)  # type: ignore[no-untyped-call]  # nor has nbconvert
    body, _ = exporter.from_notebook_node(notebook)
    report: Path = options.out
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(body, encoding="utf-8")
    except OSError as error:
        raise RunError(f"{report} can't be written: {error.strerror}. Name another file with --out") from None
    print(f"\nThe whole notebook with its pictures: {report.resolve()}")
    return 0


def _cards(notebook: Any) -> list[str]:
    """The text of every result card in the notebook's outputs."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if output.get("output_type") == "display_data" and "text/html" in data and data.get("text/plain"):
                found.append(data["text/plain"])
    return found


def _lab(options: argparse.Namespace) -> int:
    _need("jupyterlab")
    folder: Path = options.dir
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(tutorials().glob("*.ipynb")):
        if not (folder / source.name).exists():  # the user's own changes stay
            shutil.copy(source, folder / source.name)
    print(f"Your copies of the tutorials: {folder.resolve()}", flush=True)
    command = [sys.executable, "-m", "jupyterlab", str(folder / QUICKSTART), *options.jupyter]
    os.execv(sys.executable, command)  # JupyterLab takes this process's place, so that Ctrl+C reaches it
