"""The pages below /admin, over `fermoposta.portal.administration`."""
