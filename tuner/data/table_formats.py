"""What a file of rows is, by its first bytes and its name: read in some way, or refused with what to do."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from tuner.core.errors import TunerError, one_line

WORKBOOKS = (".xlsx", ".xlsm")
PACKED = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip"}
PACKED |= {f"BZh{level}1AY".encode(): "bzip2" for level in range(1, 10)}
PARQUET = b"PAR1\x15"
ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".dat", ".psv", ".data", ".parquet", *WORKBOOKS)
"""Those that a table may have, with or without `.gz`, `.bz2`, `.xz` or `.zip` after them: what is read of a folder."""

_AS_CSV = "save it as .csv or .xlsx"
_PANDAS = "write it as .csv: pandas.{}(FILE).to_csv('table.csv', index=False)"
_BY_ENDING = {
    ".ods": f"an OpenDocument spreadsheet: {_AS_CSV}",
    ".numbers": f"a document of Numbers: {_AS_CSV}",
    ".xls": f"an old Excel workbook: {_AS_CSV}",
    ".xlsb": f"a binary Excel workbook: {_AS_CSV}",
    ".json": f"JSON: {_PANDAS.format('read_json')}",
    ".jsonl": f"lines of JSON: {_PANDAS.format('read_json').replace('(FILE)', '(FILE, lines=True)')}",
    ".ndjson": f"lines of JSON: {_PANDAS.format('read_json').replace('(FILE)', '(FILE, lines=True)')}",
    ".sav": "a file of SPSS: write it as .csv: SAVE TRANSLATE OUTFILE='table.csv' /TYPE=CSV /FIELDNAMES",
    ".zsav": "a file of SPSS: write it as .csv: SAVE TRANSLATE OUTFILE='table.csv' /TYPE=CSV /FIELDNAMES",
    ".por": "a file of SPSS: write it as .csv: SAVE TRANSLATE OUTFILE='table.csv' /TYPE=CSV /FIELDNAMES",
    ".dta": "a file of Stata: write it as .csv: export delimited using table.csv",
    ".sas7bdat": f"a file of SAS: {_PANDAS.format('read_sas')}",
    ".xpt": f"a file of SAS: {_PANDAS.format('read_sas')}",
    ".rds": "an object of R: write it as .csv: write.csv(readRDS(FILE), 'table.csv', row.names = FALSE)",
    ".rda": "objects of R: load it, and write the table: write.csv(TABLE, 'table.csv', row.names = FALSE)",
    ".rdata": "objects of R: load it, and write the table: write.csv(TABLE, 'table.csv', row.names = FALSE)",
    ".sql": "statements of SQL: load it into its database, and export the table as .csv",
    ".db": "a database: export the table as .csv",
    ".sqlite": "a database: export the table as .csv: sqlite3 -header -csv FILE 'select * from TABLE' > table.csv",
    ".sqlite3": "a database: export the table as .csv: sqlite3 -header -csv FILE 'select * from TABLE' > table.csv",
    ".mdb": "a database of Access: export the table as .csv",
    ".accdb": "a database of Access: export the table as .csv",
    ".arff": "a file of Weka: save it as .csv in Weka's explorer",
    ".feather": f"a Feather file: {_PANDAS.format('read_feather')}",
    ".arrow": f"an Arrow file: {_PANDAS.format('read_feather')}",
    ".orc": f"an ORC file: {_PANDAS.format('read_orc')}",
    ".pkl": f"a pickle, which can run code when it is opened: if it is yours, {_PANDAS.format('read_pickle')}",
    ".pickle": f"a pickle, which can run code when it is opened: if it is yours, {_PANDAS.format('read_pickle')}",
    ".npy": "an array of NumPy: write it as .csv with a header: numpy.savetxt('table.csv', ARRAY, delimiter=',')",
    ".npz": "arrays of NumPy: write one as .csv with a header: numpy.savetxt('table.csv', ARRAY, delimiter=',')",
    ".mat": "a file of MATLAB: write it as .csv: writetable(TABLE, 'table.csv')",
    ".h5": "an HDF5 file: write its table as .csv",
    ".hdf5": "an HDF5 file: write its table as .csv",
    ".xml": f"XML: {_PANDAS.format('read_xml')}",
    ".html": f"a web page: open it in a spreadsheet program, and {_AS_CSV}",
    ".docx": f"a document of Word: copy its table into a spreadsheet program, and {_AS_CSV}",
    ".tex": "LaTeX: write the table as .csv",
    ".pdf": f"a PDF: copy its table into a spreadsheet program, and {_AS_CSV}",
    ".tar": "an archive: unpack it, and give the file or the folder in it",
    ".7z": "an archive: unpack it, and give the file or the folder in it",
    ".rar": "an archive: unpack it, and give the file or the folder in it",
    ".zst": "compressed with zstd: unpack it: zstd -d FILE",
}
_JSON_LINES = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{.*\}\s*?\n\s*\{")  # an object a line
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*\"|\[\s*\{)")
_LOG = re.compile(r"\S+ \S+ .+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] \"")  # of Apache and others
_OLD_XML = b"urn:schemas-microsoft-com:office:spreadsheet"  # Excel's XML of 2003
_BY_BEGIN = {
    b"SQLite format 3\x00": ".sqlite",
    b"\x93NUMPY": ".npy",
    b"\x89HDF": ".h5",
    b"ARROW1": ".arrow",
    b"ORC": ".orc",
    b"$FL2": ".sav",
    b"$FL3": ".zsav",
    b"<stata_dta>": ".dta",
    b"RDX": ".rda",
    b"X\n\x00\x00\x00": ".rds",
    b"%PDF": ".pdf",
    b"MATLAB 5.0": ".mat",
    b"7z\xbc\xaf": ".7z",
    b"Rar!": ".rar",
    b"\x28\xb5\x2f\xfd": ".zst",
    b"<?xml": ".xml",
    b"<!DOCTYPE html": ".html",
    b"<html": ".html",
    b"<table": ".html",
    b"<TR>": ".html",
    b"\\begin{": ".tex",
    b"@relation": ".arff",
    b"@RELATION": ".arff",
    b"INSERT INTO": ".sql",
    b"CREATE TABLE": ".sql",
    b"-- MySQL dump": ".sql",
    b"--\n-- PostgreSQL": ".sql",
    b"PRAGMA foreign_keys": ".sql",
}
_BY_MEMBER = {
    "xl/workbook.bin": ".xlsb",
    "content.xml": ".ods",
    "Index/Document.iwa": ".numbers",
    "word/document.xml": ".docx",
}
_OLE = b"\xd0\xcf\x11\xe0"  # the container of old Office files, and of new ones with a password


def refuse_others(path: Path, content: bytes) -> None:
    """Raises TunerError for a format that is not read, with what it is and what to do. `content` is its beginning."""
    content = content[:2000]
    if content.startswith(_OLE):
        what = "an old Excel workbook, or one with a password"
        raise TunerError(f"{path}: {what}: {_AS_CSV}, without a password")
    if _OLD_XML in content:
        raise TunerError(f"{path}: {_BY_ENDING['.xls']}")
    if _JSON_LINES.match(content):
        raise TunerError(f"{path}: {_BY_ENDING['.jsonl']}")
    if _JSON.match(content):
        raise TunerError(f"{path}: {_BY_ENDING['.json']}")
    for begin, ending in _BY_BEGIN.items():
        may_be_name = begin in (b"ORC", b"RDX") and b"\x00" not in content
        if content.lstrip(b"\xef\xbb\xbf \r\n").startswith(begin) and not may_be_name:
            raise TunerError(f"{path}: {_BY_ENDING[ending]}")
    if content[257:262] == b"ustar":
        raise TunerError(f"{path}: {_BY_ENDING['.tar']}")
    known = _BY_ENDING.get(path.suffix.lower())
    if known and not content.startswith((*PACKED, PARQUET)):  # a workbook may be called .xls
        raise TunerError(f"{path}: {known}")


def refuse_logs(path: Path, text: str) -> None:
    """Raises TunerError for the log of a web server, whose lines are no rows of one separator."""
    if _LOG.match(text):
        what = "the log of a web server, which is no table: write what you need of each line as .csv, with a header"
        raise TunerError(f"{path}: {what}")


def is_table(path: Path) -> bool:
    """Whether a file of a folder counts as a part of a table, by its name."""
    name = path.name.lower()
    for packed in (".gz", ".bz2", ".xz", ".zip"):
        name = name.removesuffix(packed)
    return name.endswith(ENDINGS) and not name.startswith((".", "~$"))


def is_workbook(path: Path, content: bytes) -> bool:
    """Whether the file is a workbook of Excel. Raises TunerError for another document that is a zip archive too."""
    if not content.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise TunerError(f"{path}: the zip file is damaged: {one_line(error)}") from None
    for name, ending in _BY_MEMBER.items():
        if name in names:
            raise TunerError(f"{path}: {_BY_ENDING[ending]}")
    return "xl/workbook.xml" in names
