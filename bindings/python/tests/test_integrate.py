"""Runs the examples of docs/INTEGRATE.md with the real packages."""

import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import pytest

import rmsight

ROOT = pathlib.Path(__file__).resolve().parents[3]
CONTAINERS = ROOT / "corpus" / "containers"
LOOKALIKES = ROOT / "corpus" / "lookalikes"
PROTECTED = CONTAINERS / "ooxml-chain8.docx"
PAGE = (ROOT / "docs" / "INTEGRATE.md").read_text(encoding="utf-8")


def example(heading):
    """Return the names that the first example below a heading defines."""
    (section,) = [part for part in PAGE.split("\n## ") if part.startswith(heading)]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    names = {}
    exec(compile(code, f"INTEGRATE.md: {heading}", "exec"), names)
    return names


def copied(path, folder, name):
    shutil.copy(path, folder / name)
    return str(folder / name)


def test_msoffcrypto_is_not_asked_for_a_protected_document(tmp_path):
    msoffcrypto = pytest.importorskip("msoffcrypto")
    names = example("msoffcrypto-tool")
    with pytest.raises(names["RightsProtected"], match="sha256:"):
        names["without_password"](str(PROTECTED), "secret")
    plain = tmp_path / "plain.txt"
    plain.write_bytes(b"text")
    assert names["without_password"](str(plain), "secret") == b"text"
    # With a password it is the turn of msoffcrypto, which says that this one is wrong.
    with pytest.raises(Exception) as raised:
        names["without_password"](str(LOOKALIKES / "password-standard.docx"), "wrong")
    assert not isinstance(raised.value, (rmsight.RmsightError, names["RightsProtected"]))
    # What the page says about it.
    with open(PROTECTED, "rb") as file, pytest.raises(msoffcrypto.exceptions.FileFormatError):
        msoffcrypto.OfficeFile(file)


def test_pptx_says_that_a_presentation_is_protected(tmp_path):
    pptx = pytest.importorskip("pptx")
    names = example("python-pptx")
    pptx.Presentation().save(tmp_path / "plain.pptx")
    assert names["presentation"](str(tmp_path / "plain.pptx")).slides is not None
    protected = copied(PROTECTED, tmp_path, "offer.pptx")
    with pytest.raises(PermissionError, match="sha256:"):
        names["presentation"](protected)
    (tmp_path / "other.pptx").write_text("text")
    with pytest.raises(pptx.exc.PackageNotFoundError):
        names["presentation"](str(tmp_path / "other.pptx"))


def test_pandas_reads_the_workbooks_that_can_be_read(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("openpyxl")
    names = example("pandas")
    pandas.DataFrame({"a": [1, 2]}).to_excel(tmp_path / "plain.xlsx", index=False)
    paths = [str(tmp_path / "plain.xlsx"), copied(PROTECTED, tmp_path, "offer.xlsx")]
    tables, refused = names["workbooks"](paths)
    assert tables[paths[0]]["a"].to_list() == [1, 2]
    assert refused["path"].to_list() == paths[1:]
    assert refused["protection"].to_list() == ["rms"]


def test_a_gateway_refuses_what_it_cannot_read():
    names = example("Ingestion pipelines")
    assert names["reason_to_refuse"](b"text") is None
    assert names["reason_to_refuse"](PROTECTED.read_bytes()) == "rights-protected"
    assert names["reason_to_refuse"](b'<XrML version="1.2">').startswith("not read: ")
    assert names["reason_to_refuse"]((LOOKALIKES / "password.doc").read_bytes()) == "password"


def test_the_configuration_of_tika_reads_the_output_of_the_program():
    code = re.search(r"```xml\n(.*?)```", PAGE, re.DOTALL)[1]
    tree = xml.etree.ElementTree.fromstring(code.encode())
    (command,) = [found for found in tree.iter("param") if found.get("name") == "commandLine"]
    program, *arguments = [part.text for part in command]
    assert program == "rmsight"
    arguments = [str(PROTECTED) if part == "${INPUT_FILE}" else part for part in arguments]
    done = subprocess.run([sys.executable, "-m", "rmsight", *arguments], capture_output=True, text=True, check=True)
    found = {match.get("key"): re.search(match.get("value"), done.stdout) for match in tree.iter("match")}
    assert found.pop("rmsight:error_code") is None
    values = {key: match[1] for key, match in found.items()}
    assert values["rmsight:protection"] == "rms"
    assert values["rmsight:slc_key"].startswith("sha256:")
    # The types of this parser are excluded from DefaultParser.
    types = [found for found in tree.iter("param") if found.get("name") == "supportedTypes"]
    assert {part.text for part in types[0]} == {part.text for part in tree.iter("mime-exclude")}
