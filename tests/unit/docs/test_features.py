import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fermoposta_docs.features import find_proofs, load_features, render, unknown_features
from fermoposta_docs.ledger_plugin import note_proofs
from fermoposta_docs.outcomes import broken_claims, read_outcomes

ROOT = Path(__file__).parents[3]

MODULE = '''
import pytest

pytestmark = pytest.mark.feature("F001")


@pytest.mark.feature("F002", "F003")
def test_plain():
    """A promise
    in two lines.

    And more.
    """


class TestThings:
    pytestmark = [pytest.mark.feature("F004")]

    @pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.feature("F005"))])
    def test_inside(self, x):
        """One | promise."""


def helper():
    pass
'''


@pytest.fixture
def repository(tmp_path):
    """A repository with one module of tests and the real feature rows."""
    (tmp_path / "tests/data").mkdir(parents=True)
    (tmp_path / "tests/data/features.csv").write_bytes(
        (ROOT / "tests/data/features.csv").read_bytes()
    )
    (tmp_path / "tests/test_it.py").write_text(MODULE)
    return tmp_path


def test_marks_are_found_wherever_pytest_takes_them(repository):
    """A mark on a module, a class, a test or a parameter set counts."""
    proofs = {proof.node: proof.features for proof in find_proofs(repository)}

    assert proofs == {
        "tests/test_it.py::test_plain": ("F001", "F002", "F003"),
        "tests/test_it.py::TestThings::test_inside": ("F001", "F004", "F005"),
    }


def test_the_ledger_has_every_row_and_counts_the_proved(repository):
    """A reader sees all 227 rows, the unproved ones as well."""
    features = load_features(repository)

    text = render(features, find_proofs(repository))

    assert len(features) == 227
    assert "Proved: 5 of 227." in text
    assert "| F002 | IMAP plain | yes | [A promise in two lines.](../tests/test_it.py) |" in text
    assert "[One \\| promise.]" in text
    assert "| F227 | User documentation | no |  |" in text


def test_every_row_that_our_tests_name_exists():
    """A mistyped row proves nothing."""
    assert unknown_features(find_proofs(ROOT), load_features(ROOT)) == []


def run_pytest(folder, *arguments):
    """Run pytest with the ledger's plugin in *folder*, apart from this run."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "fermoposta_docs.ledger_plugin", "-q", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "python_modules"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def scratch(tmp_path):
    """A folder for tests that are run by a pytest of their own, inside the repository's paths."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = feature(*ids)\n")
    return tmp_path


def test_a_mark_of_no_row_stops_the_run(scratch):
    """Whoever mistypes a row hears of it before anything runs."""
    (scratch / "test_typo.py").write_text(
        textwrap.dedent("""
            import pytest

            @pytest.mark.feature("F999")
            def test_it(): pass
        """)
    )

    run = run_pytest(scratch)

    assert run.returncode == 4
    assert "there is no feature row F999" in run.stderr


def test_a_failed_or_missing_test_breaks_its_claim(repository, tmp_path):
    """The ledger of a run counts what passed in that run, nothing else."""
    report = tmp_path / "junit.xml"
    report.write_text("""
        <testsuite><testcase name="test_plain[1]"><properties>
          <property name="test" value="tests/test_it.py::test_plain"/></properties></testcase>
        <testcase name="test_plain[2]"><properties>
          <property name="test" value="tests/test_it.py::test_plain"/></properties>
          <failure message="no"/></testcase></testsuite>
    """)

    broken = broken_claims(find_proofs(repository), read_outcomes([report]))

    assert broken == [
        "tests/test_it.py::test_plain: failed",
        "tests/test_it.py::TestThings::test_inside: did not run",
    ]


def test_junit_says_what_each_test_proves(request):
    """The outcome of a run can be laid beside the ledger."""
    item = request.node

    note_proofs(item, ["F227"])

    assert (
        "test",
        "tests/unit/docs/test_features.py::test_junit_says_what_each_test_proves",
    ) in item.user_properties
    item.user_properties.clear()
