from pathlib import Path

from tumorcast.cli.encoders import details, table
from tumorcast.cli.main import main
from tumorcast.slides.encoder_catalogue import RECORDS, find_record


def test_the_list_in_the_docs_is_the_one_printed():
    docs = Path(__file__).parents[2] / "docs" / "encoders.md"
    assert f"```\n{table()}\n```" in docs.read_text()


def test_every_encoder_tells_where_its_weights_are():
    for record in RECORDS:
        text = details(record)
        assert f"{record.id}@FILE" in text
        assert record.licence in text


def test_an_alias_finds_its_encoder_and_a_typo_its_name(capsys):
    assert main(["encoders", "h-optimus-1"]) == 0
    assert find_record("hoptimus1").title in capsys.readouterr().out
    assert main(["encoders", "virchow3"]) == 2
    assert "did you mean 'virchow" in capsys.readouterr().err
