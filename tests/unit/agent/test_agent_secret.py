"""The secret is made once; Dovecot's file follows it."""

import stat

from fermoposta.agent.secret import entry, fits, main


def test_a_second_run_changes_nothing(tmp_path, capsys):
    """Neither the secret nor the salt of its hash, and it prints nothing."""
    files = [str(tmp_path / "secret"), str(tmp_path / "passwd")]
    main(files)
    before = [(tmp_path / name).read_text() for name in ("secret", "passwd")]
    assert capsys.readouterr().out.split() == files

    main(files)

    assert [(tmp_path / name).read_text() for name in ("secret", "passwd")] == before
    assert capsys.readouterr().out == ""
    assert before[0].strip() not in before[1]


def test_nobody_reads_a_new_file_and_an_old_ones_readers_stay(tmp_path):
    """Between writing and the role's next step it is open to nobody."""
    secret, passwd = tmp_path / "secret", tmp_path / "passwd"
    passwd.touch(mode=0o640)
    main([str(secret), str(passwd)])

    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(passwd.stat().st_mode) == 0o640


def test_a_hash_of_another_secret_is_made_anew():
    """As is one whose fields are no longer what they should be."""
    line = entry("s3cret", salt=b"12345678")

    assert fits(line, "s3cret")
    assert not fits(line, "another")
    assert not fits(line.replace("127.0.0.0/8", "0.0.0.0/0"), "s3cret")
    assert not fits("", "s3cret")
