"""What can be read: YAML, JSON, folders, Ansible's inventories, mappings; and what it means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fermoposta.directory.model import Opaque
from fermoposta.inventory import InventoryError, load, parse

REPOSITORY = Path(__file__).parents[3]


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text)
    return folder


def read(tmp_path, text):
    return load(write(tmp_path, all=text)).data


def test_reads_every_file_of_a_folder(tmp_path):
    """The parts of an inventory may lie in a file each."""
    write(tmp_path, users="mail_users: {a@b.example: {name: A}}", domains="mail_domains: {}")

    assert set(load(tmp_path).data) == {"mail_users", "mail_domains"}


def test_reads_the_group_vars_of_an_inventory(tmp_path):
    """An inventory of Ansible is read where Ansible would; other files of it are left alone."""
    group = tmp_path / "group_vars" / "mail"
    group.mkdir(parents=True)
    write(group, users="mail_users: {}\npostfix_relay: {host: x}")
    write(tmp_path, hosts="mail: {hosts: {}}")

    assert load(tmp_path).data == {"mail_users": {}}


def test_reads_json(tmp_path):
    """JSON is taken as YAML is, and a key that stands twice is found there too."""
    file = tmp_path / "users.json"
    file.write_text(json.dumps({"mail_companies": {"acme": {"name": "Acme"}}}))
    assert parse(load(file)).companies["acme"].name == "Acme"

    file.write_text('{"mail_companies": {"acme": {"name": "A"}, "acme": {"name": "B"}}}')
    with pytest.raises(InventoryError, match="stands twice"):
        parse(load(file))

    file.write_text('{"mail_companies": ')
    with pytest.raises(InventoryError, match="mend the JSON"):
        parse(load(file))


def test_takes_a_mapping_that_is_parsed_already():
    """Ansible hands over values; foreign variables among them are left alone."""
    assert load({"mail_users": {}, "postfix_relay": 1}).data == {"mail_users": {}}


def test_one_part_in_two_files_is_told(tmp_path):
    """Ansible would let one file win without a word."""
    write(tmp_path, a="mail_users: {}", b="mail_users: {}")

    with pytest.raises(InventoryError, match=r"stands in a\.yml and in b\.yml"):
        parse(load(tmp_path))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nowhere", "is not there"),
        (lambda folder: folder, "holds no file"),
        (lambda folder: write(folder, a="\x00"), "mend the YAML|cannot be read"),
        (lambda folder: write(folder, a="$ANSIBLE_VAULT;1.1;AES256\n6162"), "vaulted"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, make, message):
    """A wrong path or an unreadable file is a problem, never an empty directory."""
    with pytest.raises(InventoryError, match=message):
        parse(load(make(tmp_path)))


def test_a_file_in_latin_1_is_told(tmp_path):
    """What is not UTF-8 is said to be so."""
    (tmp_path / "a.yml").write_bytes("mail_companies: {acme: {name: Società}}".encode("latin-1"))

    with pytest.raises(InventoryError, match="is not UTF-8"):
        parse(load(tmp_path))


def test_scalars_mean_what_yaml_says(tmp_path):
    """The quick reader agrees with PyYAML on every kind of scalar."""
    text = (
        "mail_x: [1, 0x401, 1.5, true, off, ~, '1', \"true\", text, 2026-01-01, !!str 7, +39,"
        " !unsafe '{{', '']\n"
    )

    read_ = read(tmp_path, text)["mail_x"]

    assert [repr(value) for value in read_] == [
        "1",
        "1025",
        "1.5",
        "True",
        "False",
        "None",
        "'1'",
        "'true'",
        "'text'",
        "datetime.date(2026, 1, 1)",
        "'7'",
        "39",
        "'{{'",
        "''",
    ]


def test_anchors_and_merge_keys_work(tmp_path):
    """What many have in common can be written once."""
    text = """
mail_templates: &common {language: en, quota_mb: 500}
mail_users:
  ada@example.org: &ada {<<: *common, name: Ada, quota_mb: 1000}
  bob@example.org: {<<: [*common, *ada], name: Bob}
"""

    users = read(tmp_path, text)["mail_users"]

    assert users["ada@example.org"] == {"language": "en", "quota_mb": 1000, "name": "Ada"}
    assert users["bob@example.org"] == {"language": "en", "quota_mb": 500, "name": "Bob"}


def test_a_vaulted_secret_stays_closed(tmp_path):
    """What only the vault's password opens is good enough to check an inventory with."""
    text = "mail_x: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"

    assert isinstance(read(tmp_path, text)["mail_x"], Opaque)


@pytest.mark.parametrize("name", ["demo", "example"])
def test_the_inventories_of_the_repository_are_in_order(name):
    """What we ship as an example has no problem."""
    state = parse(load(REPOSITORY / "inventories" / name))

    assert state.users
