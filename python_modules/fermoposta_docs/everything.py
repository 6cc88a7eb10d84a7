"""All generated documents: where each stands and what it says."""

from pathlib import Path

from fermoposta_docs import api, cli, features, inventory, roles


def generate(root: Path) -> dict[Path, str]:
    """Return every generated document of the repository at *root*, by its path."""
    documents = {
        root / "docs/api.md": api.page(),
        root / "docs/cli.md": cli.page(),
        root / "docs/inventory.md": inventory.page(root),
        root / "docs/inventory.schema.json": inventory.schema(),
        root / "python_modules/fermoposta/portal/api/openapi.json": api.openapi(),
        root / "docs/features.md": features.render(
            features.load_features(root), features.find_proofs(root)
        ),
    }
    for spec in sorted((root / "roles").glob("*/meta/argument_specs.yml")):
        role = spec.parents[1]
        documents[role / "README.md"] = roles.readme(role)
    return documents


def stale(root: Path) -> dict[Path, str]:
    """Return the documents whose files are missing or say something else."""
    return {
        path: text
        for path, text in generate(root).items()
        if not path.exists() or path.read_text() != text
    }
