"""Write the generated documents, check them, or hold a run of the tests against the ledger."""

from pathlib import Path

import click

from fermoposta_docs import outcomes
from fermoposta_docs.everything import generate, stale
from fermoposta_docs.features import find_proofs, load_features, render

ROOT = Path(__file__).parents[2]


@click.group()
def main() -> None:
    """Make the documents that come from code."""


@main.command()
def write() -> None:
    """Write every generated document that is not as it should be."""
    for path, text in stale(ROOT).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        click.echo(f"written: {path.relative_to(ROOT)}")


@main.command()
def check() -> None:
    """Name the generated documents that are not as they should be; exit 1 where there are any."""
    differing = [path.relative_to(ROOT).as_posix() for path in stale(ROOT)]
    for name in differing:
        click.echo(f"stale: {name} (python -m fermoposta_docs write)", err=True)
    if differing:
        raise SystemExit(1)
    click.echo(f"{len(generate(ROOT))} generated documents are up to date")


@main.command()
@click.option("--junit", "reports", multiple=True, type=click.Path(exists=True, path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Where the run's ledger goes.")
def features(reports: tuple[Path, ...], output: Path | None) -> None:
    """
    Print the ledger; with --junit only what these runs proved, exit 1 where a claim is broken.

    Without --junit a row counts as proved where a test names it.
    """
    proofs = find_proofs(ROOT)
    broken: list[str] = []
    if reports:
        passed = outcomes.read_outcomes(reports)
        broken = outcomes.broken_claims(proofs, passed)
        proofs = [proof for proof in proofs if passed.get(proof.node)]
    text = render(load_features(ROOT), proofs)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text)
    else:
        click.echo(text, nl=False)
    for claim in broken:
        click.echo(claim, err=True)
    if broken:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
