from pathlib import Path

import pytest

from fermoposta_docs import everything, roles

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "path", everything.generate(ROOT), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_what_is_committed_is_what_would_be_made(path):
    """What the documents say is what the code does; `python -m fermoposta_docs write` mends it."""
    assert path.exists()
    assert path.read_text() == everything.generate(ROOT)[path]


SPEC = """
argument_specs:
  main:
    short_description: Make tea
    options:
      tea_cups:
        type: int
        default: 2
        description: How many cups, one | two.
      tea_pot:
        type: dict
        required: true
        description: [The pot., It is round.]
        options:
          colour: {type: str, choices: [red, blue], description: Its colour.}
"""


@pytest.fixture
def role(tmp_path):
    """A role with a spec and no README."""
    (tmp_path / "tea/meta").mkdir(parents=True)
    (tmp_path / "tea/meta/argument_specs.yml").write_text(SPEC)
    return tmp_path / "tea"


def test_a_role_without_a_readme_gets_one(role):
    """A new role is documented from its first day."""
    text = roles.readme(role)

    assert text.startswith("# tea\n\nMake tea.\n")
    assert "| `tea_cups` | int | `2` | How many cups, one \\| two. |" in text
    assert "| `tea_pot` | dict | *required* | The pot. It is round. |" in text
    assert "| `tea_pot.colour` | str |  | Its colour. One of `red`, `blue`. |" in text


def test_what_people_wrote_stays(role):
    """Only what stands between the markers is made anew."""
    (role / "README.md").write_text(
        f"# Tea\n\nBy hand.\n\n{roles.BEGIN}\nold\n{roles.END}\n\nBelow.\n"
    )

    text = roles.readme(role)

    assert text.startswith("# Tea\n\nBy hand.\n")
    assert text.endswith(f"{roles.END}\n\nBelow.\n")
    assert "old" not in text


def test_making_it_twice_changes_nothing(role):
    """The table has one form, so a second run has nothing to write."""
    (role / "README.md").write_text(roles.readme(role))

    assert roles.readme(role) == (role / "README.md").read_text()
