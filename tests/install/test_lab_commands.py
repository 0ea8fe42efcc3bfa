"""Every command of the lab, in a process where nothing but the lab's packages can be imported."""

from __future__ import annotations

import gzip
import shutil

import pandas as pd
import pytest

from lab_process import run
from tumorcast.readers.cbioportal import read_study
from tumorcast.slides.show.viewer import viewer_files

pytestmark = pytest.mark.heavy  # a process a command


@pytest.fixture(scope="module")
def predicted(lab, tmp_path_factory):
    """(folder with predictions.csv and attention.csv, pictures)."""
    out = tmp_path_factory.mktemp("predicted")
    done = run(
        "predict", lab.bundle, lab.study, "--out", out / "predictions.csv", "--attention", out / "attention.csv",
        "--overlay", out / "pictures",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def check(*words):
    done = run(*words)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done.stdout


def test_predict_draws_its_pictures(predicted):
    assert pd.read_csv(predicted / "predictions.csv")["probability"].notna().sum() == 12
    assert (predicted / "pictures" / "S0.png").stat().st_size > 10_000


def test_names_of_files_are_names_on_windows_too(predicted, lab):
    """What was written, and what the lab's own study and bundle hold."""
    names = [path.name for folder in (predicted, lab.bundle, lab.study) for path in folder.rglob("*")]
    assert len(names) > 30
    assert [name for name in names if set(name) & set('<>:"|?*\\') or name != name.rstrip(". ")] == []


def test_a_patient_gets_a_report(lab, tmp_path):
    check(
        "report",
        lab.bundle,
        lab.study,
        "--patient",
        "P0",
        "--out",
        tmp_path / "reports",
        "--features",
        lab.features,
    )
    written = [path for path in (tmp_path / "reports").rglob("*") if path.is_file()]
    assert {".html", ".pdf", ".json"} <= {path.suffix for path in written}
    assert [path.name for path in written if set(path.name) & set('<>:"|?*\\')] == []


def test_a_lab_is_made_backed_up_and_restored(tmp_path):
    folder = tmp_path / "lab"
    check("lab", "init", folder)
    check("lab", "user", "add", folder, "ann", "Ann", "admin")
    check("lab", "backup", folder, tmp_path / "b.zip")
    check("lab", "restore", tmp_path / "b.zip", tmp_path / "again")
    assert "ann" in check("lab", "user", "list", tmp_path / "again")


def test_a_bundle_is_verified_signed_and_looked_at(lab, tmp_path):
    bundle = shutil.copytree(lab.bundle, tmp_path / "bundle")
    check("bundle", "verify", bundle)
    assert "mean_colour" in check("bundle", "inspect", bundle)
    check("bundle", "keygen", "--out", tmp_path / "key", "--as", "Us", "--no-passphrase")


def test_slides_are_checked_and_encoded(lab, tmp_path):
    encoder = lab.bundle / "tile_encoder.onnx"
    assert "6 slides" in check("slides", "check", lab.study, "--encoder", encoder)
    check("encode", lab.study, "--out", tmp_path / "f", "--encoder", encoder, "--overlay", "--quiet")
    assert len(list((tmp_path / "f").glob("*.h5"))) == len(list((tmp_path / "f").glob("*.overlay.png"))) == 6


def test_slides_are_shown(lab, predicted, tmp_path):
    try:
        viewer_files()
    except Exception:
        pytest.skip("the viewer is not installed (tumorcast slides viewer)")
    scores = ("--scores", predicted / "attention.csv")
    check("slides", "show", lab.study / "slides" / "S0.svs", "--out", tmp_path / "shown", *scores, "--quiet")
    assert (tmp_path / "shown" / "tiles.png").stat().st_size > 10_000
    assert (tmp_path / "shown" / "page" / "index.html").is_file()


def test_scores_are_derived_without_pictures(lab, tmp_path):
    told = check("derive", lab.study, "--out", tmp_path)
    assert "no pictures: matplotlib" in told
    assert list(tmp_path.glob("*.csv"))
    assert not list(tmp_path.glob("*.png"))


def test_predictions_are_evaluated_without_pictures(tmp_path):
    rows = [(f"P{i}", "all", "fused", i % 3 == 0, 0.2 + 0.05 * (i % 7)) for i in range(60)]
    table = pd.DataFrame(rows, columns=["patient_id", "fold", "model", "label", "probability"])
    table.astype({"label": int}).to_csv(tmp_path / "p.csv", index=False)
    check(
        "evaluate",
        tmp_path / "p.csv",
        "--out",
        tmp_path / "out",
        "--bootstrap",
        50,
        "--ledger",
        tmp_path / "l",
    )
    page = (tmp_path / "out" / "evaluation.md").read_text(encoding="utf-8")
    assert "no pictures: matplotlib" in page
    assert "![" not in page


def test_a_bundle_is_recalibrated(lab, tmp_path):
    study = shutil.copytree(lab.study, tmp_path / "study")
    done = run("recalibrate", lab.bundle, study, "--out", tmp_path / "b", "--features", lab.features)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2)  # twelve patients are too few, and told so


def test_a_laboratory_s_files_become_a_study(tmp_path):
    """A VCF in a plain gzip archive is read; a BCF, which needs pysam, is refused by name and sinks nothing."""
    meta = "##fileformat=VCFv4.2\n##contig=<ID=chr17,length=83257441>\n"
    annotation = 'Description="VEP. Format: Allele|Consequence|SYMBOL|Gene|BIOTYPE|PICK|HGVSp">'
    heads = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOR\n"
    csq = "CSQ=T|missense_variant|TP53|ENSG00000141510|protein_coding|1|ENSP1:p.Arg175His"
    record = f"chr17\t7675088\t.\tC\tT\t.\tPASS\t{csq}\tGT:AD\t0/1:30,10\n"
    vcf = f"{meta}##INFO=<ID=CSQ,Number=.,Type=String,{annotation}\n{heads}{record}"
    (tmp_path / "s1.vcf.gz").write_bytes(gzip.compress(vcf.encode()))
    (tmp_path / "s2.bcf").write_bytes(gzip.compress(b"BCF\2\2"))
    texts = {
        "cohort.yaml": "study: own\nbuild: GRCh38\npatients: patients.tsv\nsamples: samples.tsv\n",
        "patients.tsv": "PATIENT_ID\tAGE\nP1\t60\nP2\t70\n",
        "samples.tsv": "SAMPLE_ID\tPATIENT_ID\tVCF\nS1\tP1\ts1.vcf.gz\nS2\tP2\ts2.bcf\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    told = check("import", "files", tmp_path / "cohort.yaml", "--out", tmp_path / "study")
    study = read_study(tmp_path / "study")
    assert study.variants is not None
    assert study.variants["gene"].tolist() == ["TP53"]
    report = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "study").glob("*.csv"))
    assert "BCF file, which cannot be read here" in told + report
