"""The pages below /settings: what everybody looks after by themselves."""
