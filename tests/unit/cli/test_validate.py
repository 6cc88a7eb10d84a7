from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_a_good_inventory_is_valid_without_a_database(host):
    """An operator checks an inventory before any host is there."""
    host.config.unlink()

    answer = host.run("validate", host.declare())

    assert (answer.code, answer.text) == (
        0,
        "valid: 1 companies, 1 domains, 2 users, 1 aliases\n",
    )


def test_every_problem_is_said_at_once_with_place_and_remedy(host):
    """Nobody mends one mistake only to hear of the next."""
    path = host.declare(
        "mail_companies: {acme: {name: Acme}}\n"
        "mail_domains: {example.org: {company: acme}}\n"
        "mail_users:\n"
        "  ada@example.org: {name: Ada, qouta_mb: 99}\n"
        "  bob@example.org: {name: Bob, password: secret}\n"
    )

    answer = host.run("validate", path)

    assert answer.code == 3
    assert f"{path}:4: mail_users.ada@example.org.qouta_mb" in answer.errors
    assert "did you mean quota_mb?" in answer.errors
    assert "mail_users.bob@example.org.password" in answer.errors
    assert "not accepted: 2 problems" in answer.errors


def test_problems_are_given_to_programs_too(host):
    """An editor or a pipeline can show each problem at its line."""
    path = host.declare("mail_users: {ada@example.org: {name: Ada, quota_mb: 99}}")

    answer = host.run("validate", "--json", path)

    assert answer.code == 3
    assert {p["path"] for p in answer.json["problems"]} >= {"mail_users.ada@example.org.quota_mb"}
    assert all(problem["remedy"] for problem in answer.json["problems"])


def test_a_path_that_is_not_there_is_a_problem(host):
    """A mistyped path is no empty inventory."""
    assert host.run("validate", host.folder / "nowhere").code == 3


def test_wrong_use_is_another_matter(host):
    """Exit code 2 is for a command that was not understood."""
    assert host.run("validate").code == 2


@pytest.mark.parametrize("name", ["demo", "example"])
def test_the_inventories_of_the_repository_are_valid(host, name):
    """What we show as an example may be copied."""
    answer = host.run("validate", "--json", ROOT / "inventories" / name)

    assert answer.code == 0
    assert answer.json["counts"]["users"] >= 3
