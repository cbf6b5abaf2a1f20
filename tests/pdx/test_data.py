"""What is refused in a data folder, and how."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from forestall.errors import InputError
from forestall.studies.pdx_data import read_pdx

HEADER = "model,animal_id,tumor_type,treatment,day,volume_mm3\n"


def write(folder: Path, rows: str, header: str = HEADER) -> Path:
    (folder / "volumes.csv").write_text(header + rows)
    return folder


def test_unit_volumes_are_read_in_the_order_of_days(tmp_path: Path) -> None:
    data = read_pdx(write(tmp_path, "A,1,BRCA,BYL719,7,300\nA,1,BRCA,BYL719,4,200\n"))
    assert data.models == ("A",)
    assert data.arms[0].days.tolist() == [0, 3]
    assert data.arms[0].volumes.tolist() == [200, 300]


@pytest.mark.parametrize(
    ("rows", "line", "message"),
    [
        ("A,1,BRCA,BYL719,0,abc\n", 2, "volume_mm3"),
        ("A,1,BRCA,BYL719,0,200\nA,1,BRCA,BYL719,-1,200\n", 3, "day"),
        ("A,1,BRCA,BYL719,0,nan\n", 2, "volume_mm3"),
        ("A,1,BRCA,BYL718,0,200\n", 2, "did you mean 'BYL719'"),
        ("A,1,BRCA,BYL719,0\n", 2, "another number of cells"),
    ],
)
def test_unit_a_wrong_row_is_named_by_its_line(tmp_path: Path, rows: str, line: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_pdx(write(tmp_path, rows))
    assert caught.value.line == line


def test_unit_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="volume_mm3"):
        read_pdx(write(tmp_path, "", header=HEADER.replace(",volume_mm3", "")))


def test_unit_a_missing_folder_or_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such data folder"):
        read_pdx(tmp_path / "absent")
    with pytest.raises(InputError, match=r"no volumes\.csv"):
        read_pdx(tmp_path)


def test_unit_a_file_that_is_no_gzip_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "volumes.csv.gz").write_bytes(b"not compressed")
    with pytest.raises(InputError, match="cannot read the table"):
        read_pdx(tmp_path)


def test_unit_a_compressed_flood_is_stopped_early(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "volumes.csv.gz", "wt") as stream:
        stream.write(HEADER + "A" * 50_000_000)
    with pytest.raises(InputError, match="too long"):
        read_pdx(tmp_path)
