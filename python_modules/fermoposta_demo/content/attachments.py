"""Attachments made from nothing but the standard library: the same bytes on every machine."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ZIP_DATE = (2026, 1, 1, 0, 0, 0)  # a zip stores times; a fixed one keeps the bytes the same
_A4 = b"/MediaBox[0 0 595 842]"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_OFFICE_TYPE = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with a message."""

    name: str
    maintype: str
    subtype: str
    content: bytes


def pdf(name: str, lines: Sequence[str]) -> Attachment:
    """Return a page of text as PDF 1.4 (ISO 32000-1, section 7.5)."""
    text = " ".join(
        f"({line.translate({40: '[', 41: ']', 92: '/'})}) Tj 0 -18 Td" for line in lines
    )
    stream = f"BT /F1 12 Tf 72 770 Td {text} ET".encode("cp1252", "replace")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R%s/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>" % _A4,
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return Attachment(name, "application", "pdf", bytes(out))


def png(name: str, width: int, height: int, colour: tuple[int, int, int]) -> Attachment:
    """Return a shaded rectangle as PNG (RFC 2083): something to look at in a preview."""
    rows = b"".join(
        b"\0"
        + b"".join(bytes(c * (x + y) // (width + height) for c in colour) for x in range(width))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9))
    return Attachment(name, "image", "png", content + chunk(b"IEND", b""))


def docx(name: str, paragraphs: Sequence[str]) -> Attachment:
    """Return a text document (ECMA-376, WordprocessingML)."""
    body = "".join(f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>" for text in paragraphs)
    document = f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    main = "wordprocessingml.document"
    content = _package("word/document.xml", document, f"{_OFFICE_TYPE}.{main}.main+xml", {})
    return Attachment(name, "application", f"vnd.openxmlformats-officedocument.{main}", content)


def xlsx(name: str, rows: Sequence[Sequence[str | int]]) -> Attachment:
    """Return a spreadsheet of one page (ECMA-376, SpreadsheetML)."""
    cells = "".join(f"<row>{''.join(_cell(value) for value in row)}</row>" for row in rows)
    sheet = f'<worksheet xmlns="{_SHEET}"><sheetData>{cells}</sheetData></worksheet>'
    book = (
        f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    extra = {
        "xl/worksheets/sheet1.xml": sheet,
        "xl/_rels/workbook.xml.rels": _relationship("worksheet", "worksheets/sheet1.xml"),
    }
    main = "spreadsheetml.sheet"
    content = _package("xl/workbook.xml", book, f"{_OFFICE_TYPE}.{main}.main+xml", extra)
    return Attachment(name, "application", f"vnd.openxmlformats-officedocument.{main}", content)


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def _relationship(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_RELATIONSHIPS}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )


def _package(main: str, document: str, kind: str, extra: dict[str, str]) -> bytes:
    sheet = f"{_OFFICE_TYPE}.spreadsheetml.worksheet+xml"
    overrides = [(main, kind)] + [(name, sheet) for name in extra if name.endswith("sheet1.xml")]
    types = (
        f'<Types xmlns="{_TYPES}"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        + "".join(f'<Override PartName="/{n}" ContentType="{k}"/>' for n, k in overrides)
        + "</Types>"
    )
    parts = {
        "[Content_Types].xml": types,
        "_rels/.rels": _relationship("officeDocument", main),
        main: document,
        **extra,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), declaration + text)
    return buffer.getvalue()
