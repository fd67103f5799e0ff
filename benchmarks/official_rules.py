"""The official rules of EN 16931 over UBL and CII files: which of them each file breaks, by their own XSLT.

Run by a Python that has saxonche (`documents.py --judge`), apart from ours: it is no part of the project, and aborts in
forked workers. Takes the folder of the two style sheets; file names come in a line each, and JSON goes out: by file the
rules, null where the rules themselves stumble.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

STYLE_SHEETS = {
    "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice": "EN16931-UBL-validation.xslt",
    "{urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2}CreditNote": "EN16931-UBL-validation.xslt",
    "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}CrossIndustryInvoice": "EN16931-CII-validation.xslt",
}
FAILED = "{http://purl.oclc.org/dsdl/svrl}failed-assert"


def main(folder: Path, files: list[str]) -> dict[str, list[str] | None]:
    from saxonche import PySaxonApiError, PySaxonProcessor  # type: ignore[import-not-found]  # no part of the project

    found: dict[str, list[str] | None] = {}
    with PySaxonProcessor(license=False) as saxon:
        compiled = {
            name: saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(folder / name))
            for name in set(STYLE_SHEETS.values())
        }
        for file in files:
            try:
                root = ET.parse(file).getroot()
            except (ET.ParseError, ValueError, OSError):
                continue
            if root.tag not in STYLE_SHEETS:
                continue
            try:
                node = saxon.parse_xml(xml_text=ET.tostring(root, encoding="unicode"))
                told = compiled[STYLE_SHEETS[root.tag]].transform_to_string(xdm_node=node)
                found[file] = [
                    str(each.get("id")) for each in ET.fromstring(told).iter(FAILED) if each.get("flag") != "warning"
                ]
            except PySaxonApiError:
                found[file] = None
    return found


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), sys.stdin.read().splitlines()), sys.stdout)
