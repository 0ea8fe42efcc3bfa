"""What a run is: every setting with its type, range and default. An unknown key is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from tumorcast.config.section import Section
from tumorcast.config.tracking import TrackingConfig

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
ModalityName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]

BUILTIN_MODALITIES = ("slide", "mutations", "expression", "clinical")
"""Modalities with an encoder of their own; any other name is a numeric layer of the study."""


Kind = Literal["tumorcast", "abmil", "clam", "transmil", "mcat", "survpath", "concat"]
"""Networks that can be trained: this project's, and published ones after their papers (docs/rivals.md)."""


class GraphConfig(Section):
    """How a tumour's mutation graph is cut from the gene network, and what stands on its nodes.

    Attributes:
        cut: "altered" (the altered genes alone), "neighbourhood" (also genes within `hops` edges of them) or
            "smoothed" (also the genes that a random walk from them reaches most).
        hops: edges from an altered gene, under "neighbourhood".
        most_nodes: of a tumour; altered genes always stay, of the others the warmest.
        restart: chance that the random walk returns to the altered genes.
        layers: measured layers (`expression`, `methylation`, ...) whose value of the gene stands on its node.
            Copy number always does. What is named here counts as part of the modality `mutations`.
    """

    cut: Literal["altered", "neighbourhood", "smoothed"] = "altered"
    hops: Annotated[int, Field(ge=1, le=4)] = 1
    most_nodes: Count = 256
    restart: Annotated[float, Field(gt=0, lt=1)] = 0.5
    layers: tuple[ModalityName, ...] = ()


class DataConfig(Section):
    """Where the study lies and which of its contents count.

    Attributes:
        study: a study folder (cBioPortal layout, see docs/architecture.md).
        features: folder written by `tumorcast encode`; None where slides are absent or ready bags.
        prepared: folder written by `tumorcast prepare` with these settings, opened in place of study and bags.
        modalities: in the order of the presence mask; names outside the built-in four are numeric layers
            of the study (generic assay), `copy_number` the copy-number matrix as a layer of its own, `laboratory`
            the newest laboratory values, `pharmacogenes`, `polygenic_scores`, `clocks` and `exposures` what is known of
            the host (docs/omics.md), and those of `cohort.derived` are computed from the study's own.
        endpoint: which label makes a responder; "auto" takes the first that the study has.
        survival: which time to event the survival head learns; "auto" is PFS where at least half as many courses
            have it as have OS, else OS.
        tissue_days_before: tissue must have been taken at the latest this many days before the course
            starts (0: on the day itself counts); a sample with an unknown date is kept and reported.
        procedures: which tissue counts.
        lines: lines of therapy that count; None is all.
        laboratory_days_before: how old a laboratory value may be on the course's first day.
        max_layer_features: most features of a further layer, the most variable of the training fold.
        graph: of the mutation graph.
        clinical_columns: patient-table columns to use; None is every column known before treatment.
    """

    study: Path
    features: Path | None = None
    prepared: Path | None = None
    modalities: tuple[ModalityName, ...] = BUILTIN_MODALITIES
    endpoint: Literal["auto", "best_response", "pcr", "durable_benefit"] = "auto"
    survival: Literal["auto", "PFS", "OS", "DSS", "PFI", "EFS", "DFS", "RFS"] = "auto"
    tissue_days_before: Annotated[float, Field(ge=0)] = 0
    procedures: tuple[Literal["biopsy", "resection", "unknown"], ...] = ("biopsy", "resection", "unknown")
    lines: tuple[Count, ...] | None = None
    clinical_columns: tuple[str, ...] | None = None
    max_expression_genes: Count = 2000
    max_layer_features: Count = 5000
    laboratory_days_before: Positive = 42
    graph: GraphConfig = GraphConfig()

    @model_validator(mode="after")
    def _modalities_are_distinct(self) -> DataConfig:
        if not self.modalities or len(set(self.modalities)) != len(self.modalities):
            raise ValueError("modalities must name at least one layer and none twice")
        return self


class BiologyConfig(Section):
    """Sources of prior knowledge; None is the embedded, sourced table.

    Attributes:
        network: a gene network (STRING, OmniPath, Reactome FI, plain edge list, or GMT).
        pathways: a GMT file of gene sets for the expression tokens.
        gene_table: HGNC complete set, for identifiers outside the embedded table.
    """

    network: Path | None = None
    pathways: Path | None = None
    gene_table: Path | None = None


class SplitConfig(Section):
    """Outer and inner splits, always by patient.

    Attributes:
        scheme: "holdout" (one outer test set), "kfold" (nested cross-validation), "cohort" (each cohort is the test
            once, all others are training), or "file" (`splits.csv` of the study: patient_id, fold).
        by_site: keep each site whole on one side of every outer split, outcomes as even as that allows.
        cohort_column: of the patient table, under "cohort"; None is STUDY_ID or COHORT where there, else the site.
        repeats: of the cross-validation, each with other folds.
        allow_duplicates: do not refuse patients with all but the same measurements on both sides of a split.
        test_fraction: share of the patients held out under "holdout".
        folds: outer folds under "kfold".
        inner_folds: members of the ensemble; each stops early on its own inner fold.
        max_folds: run only the first folds (None: all).
    """

    scheme: Literal["holdout", "kfold", "cohort", "file"] = "holdout"
    by_site: bool = False
    cohort_column: str | None = None
    repeats: Count = 1
    allow_duplicates: bool = False
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.3
    folds: Annotated[int, Field(ge=2)] = 5
    inner_folds: Annotated[int, Field(ge=2)] = 4
    max_folds: Count | None = None

    @model_validator(mode="after")
    def _scheme_uses_what_is_set(self) -> SplitConfig:
        if self.repeats > 1 and self.scheme != "kfold":
            raise ValueError(f"split.repeats={self.repeats} needs split.scheme=kfold, not {self.scheme}")
        if self.cohort_column is not None and self.scheme != "cohort":
            raise ValueError(f"split.cohort_column needs split.scheme=cohort, not {self.scheme}")
        if self.by_site and self.scheme in {"cohort", "file"}:
            raise ValueError(f"split.by_site has no part in split.scheme={self.scheme}")
        return self


Head = Literal["response", "ordinal", "survival", "size"]
"""What a network can be asked for."""


class ModelConfig(Section):
    """The network: one encoder a modality, tokens, fusion, heads.

    Attributes:
        kind: this project's network or a published one; of other kinds only `heads`, `rival_width` and `dropout`
            count, and no bundle is exported.
        rival_width: channels of a network of another kind; None is its paper's.
        heads: what is predicted; the first is the one that is scored. "size" (log ratio of the sum of diameters near
            week 8 to baseline) stands beside another and is scored on its own.
        width: channels of every token (divisible by `attention_heads`).
        slide_tokens, graph_tokens: learned queries of the attention pooling.
        graph: encoder of the mutation graph: "gine", "gatv2", "hetero" (genes, and pathways as nodes of a second
            kind), or "bag" (no message passing).
        graph_layers: rounds of message passing.
        fusion_layers: transformer blocks over the tokens.
        anchors: let the network start from one penalised regression a modality; False is for ablation.
        modality_dropout: chance that a present modality is hidden from a course in training (one always
            stays).
        drug_tokens: learned queries over the drugs of a course.
        agent_dropout: chance that training hides which drugs a course has, so that class and targets carry it.
        auxiliary_weight: weight of the losses of the single-modality read-outs.
        fewest_labelled: patients with a label that each head needs; with fewer the run is refused.
    """

    kind: Kind = "tumorcast"
    rival_width: Count | None = None
    heads: tuple[Head, ...] = ("response",)
    width: Count = 32
    attention_heads: Count = 4
    slide_tokens: Count = 2
    graph_tokens: Count = 2
    graph: Literal["gine", "gatv2", "hetero", "bag"] = "gine"
    graph_layers: Annotated[int, Field(ge=0, le=8)] = 2
    fusion_layers: Annotated[int, Field(ge=0, le=12)] = 1
    anchors: bool = True
    dropout: Fraction = 0.2
    modality_dropout: Fraction = 0.25
    drug_tokens: Count = 1
    agent_dropout: Fraction = 0.3
    auxiliary_weight: Annotated[float, Field(ge=0)] = 0.5
    fewest_labelled: Annotated[int, Field(ge=2)] = 10

    @model_validator(mode="after")
    def _width_divides(self) -> ModelConfig:
        if self.width % self.attention_heads:
            raise ValueError(
                f"width {self.width} must be a multiple of attention_heads {self.attention_heads}"
            )
        if not self.heads or len(set(self.heads)) != len(self.heads):
            raise ValueError("heads must name at least one head and none twice")
        if self.heads[0] == "size":
            raise ValueError("heads must begin with response, ordinal or survival; size stands beside it")
        return self


class CandidateConfig(Section):
    """One setting that model choice on the inner folds tries; None keeps the run's own value."""

    lr: Positive | None = None
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    dropout: Fraction | None = None
    width: Count | None = None


class TrainingConfig(Section):
    """The loop.

    Attributes:
        batch_size: courses a step over all processes (bags of different lengths are packed, not padded).
        max_tiles: tiles a course in training, drawn anew each epoch; None is all. Evaluation sees all.
        patience: epochs without a better inner loss before stopping.
        candidates: settings compared on the inner folds; the best inner loss wins.
        precision: as Lightning names it.
        devices, num_nodes: processes of a node (one a GPU), and nodes; "auto" is what torchrun or Slurm started.
        strategy: how processes train together; "auto" is DDP where there are several.
        singles: also train this project's network on each modality alone (the comparison of every run).
        rivals: networks of other kinds to train on the same folds beside the run's own; those that look at slides are
            left out where there are none, and so is the run's own kind.
        checkpoint_minutes: the state is written at least so often within an epoch; None is at its end alone.
        compile: let `torch.compile` make the network's step; a minute or more is spent on it first, for each member.
    """

    lr: Positive = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    batch_size: Count = 32
    max_epochs: Count = 60
    patience: Count = 10
    max_tiles: Count | None = 512
    gradient_clip: Positive = 1.0
    accumulate: Count = 1
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: Count | Literal["auto"] = "auto"
    strategy: Literal["auto", "ddp", "ddp_find_unused_parameters_true", "fsdp"] = "auto"
    num_nodes: Count | Literal["auto"] = "auto"
    workers: Annotated[int, Field(ge=0)] = 0
    threads: Count | None = None
    checkpoint_minutes: Positive | None = 10
    compile: bool = False
    singles: bool = True
    rivals: tuple[Kind, ...] = ("abmil",)
    candidates: tuple[CandidateConfig, ...] = ()

    @model_validator(mode="after")
    def _rivals_are_distinct(self) -> TrainingConfig:
        if len(set(self.rivals)) != len(self.rivals):
            raise ValueError("rivals must name no kind twice")
        return self


Baseline = Literal[
    "tmb",
    "pdl1",
    "clinical",
    "loris_like",
    "gep",
    "immune_scores",
    "elastic_net",
    "boosted_trees",
]
"""Simple models (`training.baselines`); those that a study has nothing for are left out."""


class EvaluationConfig(Section):
    """How results are scored.

    Attributes:
        bootstrap: patient-bootstrap resamples.
        subsets: also score every subset of modalities of the fused model.
        baselines: simple models printed beside every result.
    """

    bootstrap: Annotated[int, Field(ge=100)] = 1000
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    subsets: bool = True
    baselines: tuple[Baseline, ...] = get_args(Baseline)


class RunConfig(Section):
    """A whole run; `python train.py configs/base.yaml training.lr=3e-4` makes one."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: Annotated[int, Field(ge=0)] = 0
    runs: Path = Path("runs")
    data: DataConfig
    biology: BiologyConfig = BiologyConfig()
    split: SplitConfig = SplitConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    tracking: TrackingConfig = TrackingConfig()
