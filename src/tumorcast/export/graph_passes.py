"""Simplifies an exported graph: the exporter's own passes, but for one that tries all pairs of nodes."""

from __future__ import annotations

import onnx_ir
from onnx_ir.passes import PassManager, Sequential
from onnx_ir.passes import common as passes
from onnxscript.optimizer import fold_constants
from onnxscript.rewriter import RewritePass
from onnxscript.rewriter.rules import common as rules

_RULES = (
    rules.mul_by_1_rule, rules.add_0_rule, rules.sub_0_rule, rules.div_by_1_rule,
    rules.dropout_zero_rule, rules.dropout_inference_rule,
    rules.two_reshapes_matmul_reshape_rule, rules.one_reshape_matmul_reshape_rule,
    rules.cast_constant_of_shape_rule, rules.cast_constant_of_shape_without_value_rule,
    rules.collapse_slice_rule, rules.collapse_slice2_rule, rules.materialize_reshape_shape_rule,
    rules.min_min_rule, rules.max_max_rule, rules.min_max_rule, rules.max_min_rule,
    rules.successive_relu_rule, rules.successive_clip_rule,
    rules.successive_relu_clip_rule, rules.successive_clip_relu_rule,
    rules.cast_cast_rule, rules.no_op_cast_rule, rules.no_op_expand_rule,
    rules.flatten_to_reshape_rule, rules.reshape_reshape_rule,
    rules.no_op_transpose_rule, rules.transpose_transpose_rule,
    rules.unsqueeze_unsqueeze_rule, rules.squeeze_reshape_1d_rule,
)  # fmt: skip
"""Left out: `slice_split_rule`, which tries every pair of slices (none of a predictor can be joined), and those of
convolutions, which a predictor has none of."""


class _FoldConstants(onnx_ir.passes.InPlacePass):
    def call(self, model: onnx_ir.Model) -> onnx_ir.passes.PassResult:
        return onnx_ir.passes.PassResult(
            model, bool(fold_constants(model, onnx_shape_inference=True).modified)
        )


def simplify(model: onnx_ir.Model) -> None:
    """Fold constants, drop what does nothing, share what is computed twice; in place. The graph says the same."""
    unused = (
        passes.RemoveUnusedNodesPass(), passes.RemoveUnusedFunctionsPass(), passes.RemoveUnusedOpsetsPass(),
    )  # fmt: skip
    Sequential(
        passes.InlinePass(),
        PassManager([_FoldConstants(), RewritePass(_RULES), *unused], steps=2, early_stop=True),
        passes.RemoveUnusedNodesPass(),
        passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        passes.LiftSubgraphInitializersToMainGraphPass(),
        passes.DeduplicateInitializersPass(),
        passes.CommonSubexpressionEliminationPass(),
        passes.OutputFixPass(),
        passes.NameFixPass(),
    )(model)
