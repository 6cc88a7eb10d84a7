"""Speak Exchange ActiveSync with phones and Outlook (MS-ASHTTP, MS-ASCMD, MS-ASWBXML)."""
