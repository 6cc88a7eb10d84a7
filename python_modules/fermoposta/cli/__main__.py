"""Let `python -m fermoposta.cli` be the command where the distribution isn't installed."""

from fermoposta.cli import main

if __name__ == "__main__":
    main(prog_name="fermoposta")
