import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "python_modules/ansible_collections/fermoposta/mail/plugins"
MODULES = [
    "aliases",
    "devices",
    "directory",
    "domains",
    "groups",
    "policies",
    "portraits",
    "resources",
    "send_as",
    "users",
]
modules = pytest.mark.parametrize("name", MODULES)


def load(name):
    return importlib.import_module(f"ansible_collections.fermoposta.mail.plugins.modules.{name}")


def documented(name):
    """The options of a module as its documentation has them, fragments included."""
    own = yaml.safe_load(load(name).DOCUMENTATION)
    fragments = importlib.import_module(
        "ansible_collections.fermoposta.mail.plugins.doc_fragments.converge"
    ).ModuleDocFragment
    options = dict(own["options"])
    for fragment in own["extends_documentation_fragment"]:
        part = (fragment.split(".")[3:] or ["DOCUMENTATION"])[0].upper()
        options |= yaml.safe_load(getattr(fragments, part))["options"]
    return options


def shape(options, inner):
    """What documentation and spec must agree on."""
    names = ("type", "elements", "required", "default", "choices")
    return {
        name: {
            **{key: option[key] for key in names if key in option},
            "inside": shape(option.get(inner) or {}, inner),
        }
        for name, option in options.items()
    }


@modules
def test_the_documentation_says_what_the_spec_does(name):
    """What `ansible-doc` shows is what the module takes."""
    assert shape(documented(name), "suboptions") == shape(load(name).SPEC, "options")


@modules
def test_every_option_has_a_sentence_and_every_answer_a_sample(name):
    """Nobody has to read the source."""

    def sentences(options):
        for option in options.values():
            yield option.get("description")
            yield from sentences(option.get("suboptions") or {})

    assert all(sentences(documented(name)))
    assert yaml.safe_load(load(name).EXAMPLES)
    answers = yaml.safe_load(load(name).RETURN)
    assert all("sample" in answer and answer["description"] for answer in answers.values())


@modules
def test_ansible_doc_prints_it(name):
    """`ansible-doc` finds the module by its full name."""
    command = [Path(sys.executable).with_name("ansible-doc"), "-t", "module"]

    done = subprocess.run(
        [*command, f"fermoposta.mail.{name}"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "check_mode" in done.stdout


def test_no_module_is_forgotten():
    """Each module that converges is tested like the others."""
    found = {
        path.stem
        for path in (PLUGINS / "modules").glob("*.py")
        if "module_utils.converge" in path.read_text()
    }

    assert found == set(MODULES)
