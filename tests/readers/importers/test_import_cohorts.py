"""Importers of public cohorts on literal excerpts of their layouts (made-up values): codes, units, dates, gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cli.main import main
from tumorcast.cohort.assemble import assemble
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.importers.imvigor import import_imvigor
from tumorcast.readers.importers.liu import import_liu
from tumorcast.readers.importers.loris import import_loris
from tumorcast.readers.importers.poplar import blood_burden, import_poplar
from tumorcast.readers.importers.riaz import import_riaz, short_change
from tumorcast.readers.importers.survpath import import_survpath
from tumorcast.readers.importers.tables import whole_days

MONTH = 365.25 / 12

RIAZ_CLINICAL = (
    "PatientID,Sample,SampleType,Cohort,SubtypeEZ,TRTGRP,BOR,myBOR,PFS_SOR,OS_SOR,OS,OSWK,IBOR,PFS,PFSWK\n"
    "Pt1,Pt1_pre,pre,NIV3-PROG,NA,NIV3-PROG,NE,PD,0,0,160,22.9,PROGRESSION,54,7.7\n"
    "Pt10,Pt10_pre,pre,NIV3-NAIVE,NF1,NIV3-NAIVE,PR,PRCR,0,1,256,36.6,STABLE DISEASE,119,17\n"
    "Pt11,Pt11_pre,pre,NIV3-PROG,BRAF,NIV3-PROG,PD,PD,1,1,837,119.6,PROGRESSION,59,8.4\n"
    "Pt12,Pt12_on,on,NIV3-PROG,BRAF,NIV3-PROG,CR,PRCR,1,1,900,128.6,NA,800,114.3\n"
)
RIAZ_VARIANTS = (
    "Patient,Hugo Symbol,Chromosome,Start,End,Variant Classification,HGVS_c,HGVS_p,Tcov,Tac,Taf\r"
    "Pt10,BRAF,7,140453136,140453136,missense_variant,c.1799T>A,p.Val600Glu,100,40,0.4\r"
    "Pt10,KRAS,12,25398282,25398282,protein_protein_contact,c.37G>T,.,263,32,0.12\r"
    "Pt10,TP53,17,7577121,7577121,stop_gained&splice_region_variant,c.817C>T,p.Arg273*,99,9,0.09\r"
    "Pt99,NRAS,1,115258748,115258748,missense_variant,c.34G>T,p.Gly12Cys,576,491,0.85\r"
)
RIAZ_SAMPLES = (
    ",Sample,PatientID,PreOn,BOR,Response,Response,USUBJID,Cohort\r"
    "Pt10_On,Pt10_On,Pt10,On,PR,PRCR,LB,CA209038-03-10,NIV3-NAIVE\r"
)


def riaz(folder: Path) -> Path:
    (folder / "bms038_clinical_data.csv").write_bytes(RIAZ_CLINICAL.replace("\n", "\r\n").encode())
    (folder / "pre_therapy_nonsynonmous_mutations.csv").write_bytes(RIAZ_VARIANTS.encode())
    (folder / "SampleTableCorrected.9.19.16.csv").write_bytes(RIAZ_SAMPLES.encode())
    return folder


def test_riaz_codes_of_censoring_days_and_lines(tmp_path):
    told = import_riaz(riaz(tmp_path), tmp_path / "out")
    study = read_study(tmp_path / "out")
    assert told[0].endswith("variants 4 of 2 patients, 1 of them of other patients")
    assert told[1] == "patients 3, responders (CR/PR) 1 of 2 evaluable, OS events 1 of 3, PFS events 2 of 3"
    assert study.patients.index.tolist() == ["Pt1", "Pt10", "Pt11"]
    assert study.patients["OS_STATUS"].tolist() == ["1:DECEASED", "0:LIVING", "0:LIVING"]
    assert study.patients["OS_MONTHS"].tolist() == pytest.approx([160 / MONTH, 256 / MONTH, 837 / MONTH])
    assert study.patients["SITE"].fillna("").tolist() == ["", "03", ""]
    assert study.treatments["line"].tolist() == pytest.approx([2, np.nan, 2], nan_ok=True)


def test_riaz_sequenced_without_variants_is_not_the_same_as_not_sequenced(tmp_path):
    import_riaz(riaz(tmp_path), tmp_path / "out")
    study = read_study(tmp_path / "out")
    assert study.sequenced == {"Pt10-pre", "Pt11-pre"}
    assert study.variants["impact"].tolist() == ["missense", "unknown", "truncating"]
    assert study.variants["protein_change"].tolist() == ["p.V600E", "", "p.R273*"]
    assert study.build == "GRCh37"
    cohort = assemble(study, DataConfig(study=tmp_path, modalities=("mutations",)))
    assert cohort.tmb.tolist() == pytest.approx([np.nan, 3 / 38, 0], nan_ok=True)


def test_riaz_positions_of_another_build_are_refused(tmp_path):
    path = riaz(tmp_path) / "pre_therapy_nonsynonmous_mutations.csv"
    path.write_text(path.read_bytes().decode().replace("17,7577121", "17,82000000"))
    with pytest.raises(InputError, match="GRCh38"):
        import_riaz(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("p.Gly143XXX", "p.G143X"),
        ("p.Met1?", "p.M1?"),
        ("p.Ter456Tyrext*?", "p.*456Yext*?"),
        ("p.Lys23_Ala24delinsThr", "p.K23_A24delinsT"),
        (".", ""),
    ],
)
def test_changes_in_three_letters_become_one(long, short):
    assert short_change(long) == short


LIU_HEAD = (
    "Sample ID\ttotal_muts\tnonsyn_muts\tclonal_muts\tsubclonal_muts\theterogeneity\ttotal_neoantigens\tCNA_prop\t"
    "gender (Male=1, Female=0)\tbiopsy site\tmonthsBiopsyPreTx\tBR\tPFS\tOS\tTimeToBR\tcyclesOnTherapy\tTx\t"
    "Mstage (IIIC=0, M1a=1, M1b=2, M1c=3)\tTx_Start_ECOG\tTx_Start_LDH\tLDH_Elevated\tBrain_Met\tCut_SubQ_Met\t"
    "LN_Met\tLung_Met\tLiver_Visc_Met\tBone_Met\tprogressed\tdead\tPrimary_Type\tpriorMAPKTx\tpriorCTLA4\t"
    "numPriorTherapies\tdaysBiopsyToPD1\tpurity\tploidy\tAge\n"
)
LIU = (
    LIU_HEAD
    + "Patient1\t34\t38\t12\t10\t0.45\t49\t0.32\t0\tskin\t2.8\tPR\t93\t283\t90\t7\tNivolumab\t3\tx\tunknown\t"
    "unknown\t0\t1\t0\t0\t1\t0\t0\t1\tskin\t0\t1\t2\t-84\t0.8\t2.1\t61\n"
    "Patient2\t34\t76\t12\t10\t0.45\t49\t0.32\t1\tskin\t-0.2\tMR\t71\t122\t71\t6\tPembrolizumab\t0\t1\t359\t"
    "1\t0\t1\t0\t0\t1\t0\t1\t0\toccult\t0\t0\t0\t5\t0.2\t2.2\t\n"
)


def liu(folder: Path, text: str = LIU) -> Path:
    (folder / "Supplemental_Table_1_wAge.tsv").write_text(text)
    return folder


def test_liu_days_gaps_and_mixed_response(tmp_path):
    told = import_liu(liu(tmp_path), tmp_path / "out")
    study = read_study(tmp_path / "out")
    assert told[0] == "source: patients 2, mixed responses 1"
    assert study.patients["OS_MONTHS"].tolist() == pytest.approx([283 / MONTH, 122 / MONTH])
    assert study.patients["OS_STATUS"].tolist() == ["1:DECEASED", "0:LIVING"]
    assert study.patients["LDH"].tolist() == pytest.approx([np.nan, 359], nan_ok=True)
    assert study.patients["STAGE"].tolist() == ["M1c", "IIIC"]
    assert study.treatments["line"].tolist() == [3, 1]
    cohort = assemble(study, DataConfig(study=tmp_path, modalities=("clinical", "dna_scores")), ("response",))
    assert cohort.courses["response"].tolist() == [1, 0]
    assert not {"TIMETOBR", "CYCLESONTHERAPY"} & {str(c).upper() for c in study.patients}


def test_liu_tissue_taken_under_treatment_does_not_count(tmp_path):
    import_liu(liu(tmp_path), tmp_path / "out")
    study = read_study(tmp_path / "out")
    assert study.samples["collected_day"].tolist() == [-84, 5]
    cohort = assemble(study, DataConfig(study=tmp_path, modalities=("clinical", "dna_scores")))
    assert cohort.is_present["dna_scores"].tolist() == [True, False]
    assert cohort.tmb.tolist() == pytest.approx([1, np.nan], nan_ok=True)


def test_a_patient_twice_and_an_absent_column_are_refused(tmp_path):
    with pytest.raises(InputError, match="Patient1"):
        import_liu(liu(tmp_path, LIU.replace("Patient2", "Patient1")), tmp_path / "out")
    with pytest.raises(InputError, match="dead"):
        import_liu(liu(tmp_path, LIU.replace("\tdead\t", "\tdied\t")), tmp_path / "out")


def imvigor(folder: Path, days: tuple[float, float]) -> Path:
    (folder / "imvigor210_pdata.csv").write_text(
        "ID,BOR,BOR_binary,OS_days,OS_status,Mutation_Load,Neo_antigen_Load,CD_8_T_effector,Immune_Checkpoint,"
        "Pan_F_TBRs,Mismatch_Repair,TumorPurity\n"
        f"SAM00b9e5c52da9,NA,NA,{days[0]},1,NA,NA,-52.9,3.9,353.0,-63.9,0.5\n"
        f"SAM0257bbbbd388,CR,R,{days[1]},0,18,4.68,-64.7,-7.3,608.0,340.9,0.8\n"
    )
    return folder


@pytest.mark.parametrize("days", [(58.0, 476.0), (58 * 30 / MONTH, 476 * 30 / MONTH)])
def test_imvigor_months_are_the_same_whichever_days_the_table_means(tmp_path, days):
    told = import_imvigor(imvigor(tmp_path, days), tmp_path / "out")
    study = read_study(tmp_path / "out")
    assert told[1] == "patients 2, responders (CR/PR) 1 of 1 evaluable, OS events 1 of 2"
    assert study.patients["OS_MONTHS"].tolist() == pytest.approx([58 / MONTH, 476 / MONTH], rel=1e-6)
    assert study.patients["TMB_NONSYNONYMOUS"].tolist() == pytest.approx([np.nan, 18], nan_ok=True)
    assert study.layers["immune_scores"].loc["SAM0257bbbbd388-T", "purity"] == pytest.approx(0.8)


def test_times_that_are_no_whole_days_in_any_unit_are_refused():
    assert whole_days(pd.Series([1.5, np.nan]), (30,)).dropna().tolist() == [45]
    with pytest.raises(InputError, match="OS_days"):
        whole_days(pd.Series([0.37, 1.91], name="OS_days"), (1, 30))


POPLAR_CLINICAL = (
    "PtID,cfDNA_Input_ng,MSAF,Median_exon_coverage,btmb,BEP,QC_Status,BAGE,race2,SEX,HIST,ECOGGR,PRIORTX,TOBHX,blSLD,"
    "METSITES,KRASMUT,EGFRMUT,EMLAMUT,PFS,PFS.CNSR,OS,OS.CNSR,TRT01P,BCOR\n"
    "283,100,0.0081,2752,.,N,PASS,59,WHITE,F,NON-SQUAMOUS,1,1,PREVIOUS,48.0,3,.,NEGATIVE,NEGATIVE,18.2,0,18.2,0,"
    "Docetaxel,PR\n"
    "282,49.02,0.0421,2093,2,Y,PASS,72,WHITE,M,SQUAMOUS,1,2,NEVER,47.0,5,POSITIVE,.,.,2.8,1,9.8,1,MPDL3280A,.\n"
    "281,49.02,0.0421,2093,0,Y,PASS,72,OTHER,M,SQUAMOUS,0,1,NEVER,47.0,5,.,.,.,2.8,0,9.8,1,MPDL3280A,PD\n"
)
POPLAR_VARIANTS = (
    "PtID,Study,chromosome,position,reference_sequence,alternate_sequence,status,depth,af,start,end,gene_name,"
    "transcript_name,cds_syntax,protein_syntax,effect,omitted_driver_mutation\n"
    "282,POPLAR,chr1,115258679,T,C,unknown,437,0.2311,115258679,115258679,NRAS,NM_002524,c.103A>G,p.T35A,missense,no\n"
    "282,POPLAR,chr1,158605765,G,A,,869,0.005,158605765,158605765,SPTA1,NM_003126,c.5370C>T,p.I1790I,synonymous,no\n"
    "282,POPLAR,chr17,7578457,C,A,known,800,0.1,7578457,7578457,TP53,NM_000546,c.473G>T,p.R158L,missense,yes\n"
    "282,POPLAR,chr4,185340722,C,A,unknown,800,0.0049,185340722,185340722,IRF2,NM_002199,c.88G>T,p.E30*,nonsense,no\n"
    "282,POPLAR,chrX,123195619,A,T,unknown,800,0.1,123195619,123195619,STAG2,NM_006603,c.1535-2A>T,,splice,yes\n"
)


def poplar(folder: Path) -> Path:
    (folder / "clinical.csv").write_text(POPLAR_CLINICAL)
    (folder / "btmb_variants.csv").write_text(POPLAR_VARIANTS)
    return folder


def test_poplar_blood_burden_counts_synonymous_and_leaves_out_drivers_and_the_faint(tmp_path):
    told = import_poplar(poplar(tmp_path), tmp_path / "out")
    study = read_study(tmp_path / "out")
    assert "bTMB of 2 patients, as published in 2; 16 or more in 0" in told
    assert study.patients["BTMB"].to_dict() == pytest.approx({"283": np.nan, "282": 2, "281": 0}, nan_ok=True)
    assert study.sequenced == {"282-B", "281-B"}
    assert study.variants["impact"].tolist() == ["missense", "silent", "missense", "truncating", "splice"]
    assert study.variants["chromosome"].tolist() == ["1", "1", "17", "4", "X"]
    assert study.samples["ASSAY"].unique().tolist() == ["cell-free DNA of plasma"]
    assert blood_burden(pd.DataFrame(columns=["PtID", "af", "omitted_driver_mutation"])).empty


def test_poplar_one_means_censored_and_the_arm_is_the_agent(tmp_path):
    told = import_poplar(poplar(tmp_path), tmp_path / "out")
    assert told[1] == "patients 3, responders (CR/PR) 1 of 2 evaluable, OS events 1 of 3, PFS events 2 of 3"
    cohort = assemble(
        read_study(tmp_path / "out"), DataConfig(study=tmp_path, modalities=("mutations", "clinical"))
    )
    courses = cohort.courses.set_index("patient_id")
    assert courses["agents"].to_dict() == {
        "283": ("docetaxel",), "282": ("atezolizumab",), "281": ("atezolizumab",)
    }  # fmt: skip
    assert courses["is_event"].to_dict() == {"283": 1, "282": 0, "281": 1}
    assert courses["response"].to_dict() == pytest.approx({"283": 1, "282": np.nan, "281": 0}, nan_ok=True)
    assert courses["line"].to_dict() == {"283": 2, "282": 3, "281": 2}


LORIS = (
    "SAMPLE_ID,Year of ICI treatment start,TMB,PDL1_TPS(%),Systemic_therapy_history,Albumin,CancerType,"
    "CancerType_grouped,NLR,Age,Drug,Sex,MSI,Stage,PFS_Event,PFS_Months,OS_Event,OS_Months,Response,CancerType1\n"
    "1,2017,4.9,,1,3.8,Colorectal,2,7.6,63.7,1,0,0,1,1,0.9,1,5.6,0,0\n"
    "2,2015,1.0,50,0,3.8,Melanoma,0,2.69,58.9,0,1,1,0,0,3.5,0,9.5,1,0\n"
)


def test_loris_standard_names_and_a_constant_measurement_left_out(tmp_path):
    (tmp_path / "Kato.csv").write_text(LORIS)
    told = import_loris(tmp_path, tmp_path / "out", "Kato")
    assert "left out, one value for all: Albumin" in told
    study = read_study(tmp_path / "out")
    assert study.patients.index.tolist() == ["Kato-1", "Kato-2"]
    assert study.patients["SEX"].tolist() == ["Female", "Male"]
    assert study.patients["STAGE"].tolist() == ["IV", "I-III"]
    assert study.treatments["line"].tolist() == [2, 1]
    assert "ALBUMIN" not in study.patients
    assert not [c for c in study.patients if "YEAR" in c.upper() or "CANCERTYPE" in c.upper()]
    data = DataConfig(study=tmp_path, modalities=("clinical",))
    cohort = assemble(study, data, ("response",))
    assert cohort.courses["response"].tolist() == [0, 1]
    assert cohort.tmb.tolist() == [4.9, 1.0]


def test_loris_patients_without_immunotherapy_have_no_response_and_no_agent_of_it(tmp_path):
    drop = ["Drug", "Response", "PFS_Event", "PFS_Months"]
    (tmp_path / "all.csv").write_text(LORIS)
    table = pd.read_csv(tmp_path / "all.csv").drop(columns=drop).assign(LORIS=0.5, OS1yr=[0, 1])
    table.to_csv(tmp_path / "MSK_nonICB.csv", index=False)
    import_loris(tmp_path, tmp_path / "out", "MSK_nonICB")
    study = read_study(tmp_path / "out")
    cohort = assemble(study, DataConfig(study=tmp_path, modalities=("clinical",)), ("survival",))
    assert set(cohort.courses["agent_classes"]) == {("unknown",)}
    assert cohort.courses["regimen"].tolist() == ["no immune checkpoint inhibitor"] * 2
    assert cohort.courses["response"].isna().all()
    assert not {"LORIS", "OS1YR"} & {str(c).upper() for c in study.patients}


def survpath(folder: Path, months: str = "24.466666666666665") -> Path:
    for part in ("metadata", "clinical_data", "raw_rna_data/xena/blca", "splits/5foldcv/tcga_blca"):
        (folder / part).mkdir(parents=True)
    (folder / "metadata" / "tcga_blca.csv").write_text(
        ",case_id,slide_id,age,site,survival_months,survival_months_dss,survival_months_pfi,censorship,censorship_dss,"
        "censorship_pfi,is_female,oncotree_code,train\n"
        f"0,TCGA-2F-A9KO,a.svs,63,2F,{months},{months},21.7,0,1,0,0,BLCA,1.0\n"
        f"1,TCGA-2F-A9KO,b.svs,63,2F,{months},{months},21.7,0,1,0,0,BLCA,1.0\n"
        "2,TCGA-4Z-A9KP,c.svs,66,??,12.133333333333333,12.133333333333333,12.133333333333333,1,1,1,1,BLCA,1.0\n"
    )
    (folder / "clinical_data" / "tcga_blca_clinical.csv").write_text(
        ",case_id,stage,grade,subtype\n0,TCGA-2F-A9KO,III,,BLCA\n1,TCGA-2F-A9KO,IV,,BLCA\n2,TCGA-4Z-A9KP,II,,BLCA\n"
    )
    (folder / "raw_rna_data/xena/blca/rna_clean.csv").write_text(
        ",CD8A,GZMB\nTCGA-2F-A9KO,-9.9658,1.5854\nTCGA-4Z-A9KP,0.0,1.0\nTCGA-4Z-A9KP,0.5,1.0\nTCGA-ZZ-0001,0,0\n"
    )
    for fold, (train, held_out) in enumerate(
        [("TCGA-4Z-A9KP", "TCGA-2F-A9KO"), ("TCGA-2F-A9KO", "TCGA-4Z-A9KP")]
    ):
        path = folder / "splits/5foldcv/tcga_blca" / f"splits_{fold}.csv"
        path.write_text(f",train,val\n0,{train},{held_out}\n")
    return folder


def test_survpath_endpoints_sites_and_folds(tmp_path):
    told = import_survpath(survpath(tmp_path), tmp_path / "out", "BLCA")
    study = read_study(tmp_path / "out")
    assert told[1] == "patients 2, OS events 1 of 2, PFS events 1 of 2, DSS events 0 of 2"
    assert study.patients["OS_MONTHS"].tolist() == pytest.approx([734 / MONTH, 364 / MONTH])
    assert study.patients["PFS_MONTHS"].tolist() == pytest.approx([651 / MONTH, 364 / MONTH])
    assert study.patients["SITE"].astype(str).tolist() == ["2F", "4Z"]
    assert study.patients["STAGE"].fillna("").tolist() == ["", "II"]
    assert "GRADE" not in study.patients
    folds = pd.read_csv(tmp_path / "out" / "splits.csv")
    assert folds.to_numpy().tolist() == [["TCGA-2F-A9KO", 0], ["TCGA-4Z-A9KP", 1]]


def test_survpath_expression_changes_its_pseudocount_and_rows_that_differ_are_unknown(tmp_path):
    told = import_survpath(survpath(tmp_path), tmp_path / "out", "blca")
    study = read_study(tmp_path / "out")
    assert study.expression.index.tolist() == ["TCGA-2F-A9KO-01"]
    assert study.expression.iloc[0].tolist() == pytest.approx([0, 2], abs=1e-3)
    assert "rna_clean.csv: 2 rows of patients whose rows differ left out (conflicting_rows)" in told
    assert "rna_clean.csv: 1 rows of patients without a clinical row left out (unknown_patient)" in told


def test_survpath_times_in_an_unknown_unit_and_cancers_without_expression_are_refused(tmp_path):
    with pytest.raises(InputError, match="survival_months"):
        import_survpath(survpath(tmp_path, "24.4512"), tmp_path / "out", "blca")
    with pytest.raises(InputError, match="blca"):
        import_survpath(tmp_path, tmp_path / "out", "luad")


@pytest.mark.parametrize("name", ["riaz", "liu", "imvigor", "poplar", "loris", "survpath"])
def test_a_folder_of_another_source_is_refused(tmp_path, name):
    assert main(["import", name, str(tmp_path), "--out", str(tmp_path / "out")]) != 0
    assert not (tmp_path / "out").exists()


def test_the_command_passes_each_importer_its_own_options(tmp_path, capsys):
    (tmp_path / "Kato.csv").write_text(LORIS)
    assert main(["import", "loris", str(tmp_path), "--cohort", "Kato", "--out", str(tmp_path / "a")]) == 0
    source = survpath(tmp_path / "source")
    assert main(["import", "survpath", str(source), "--cancer", "blca", "--out", str(tmp_path / "b")]) == 0
    assert "study written to" in capsys.readouterr().out
    assert (tmp_path / "b" / "splits.csv").is_file()
