"""Named mistakes that stood on a list of wrong implementations first: the implementations are their mutants.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

from tests.wrong_implementations import LIST
from tests.wrong_implementations.second_list import SECOND

#: Operation -> mistake -> name on the list.
NAMES = {
    "soft_threshold": {"minus-forgotten": "minus_forgotten"},
    "soft_threshold_metric": {"root-of-the-metric": "root_of_the_metric",
                              "not-scaled-back": "left_in_scaled_coordinates"},
    "squared_l2_prox": {"away-from-the-anchor": "away_from_the_anchor", "anchor-in-full": "anchor_in_full"},
    "squared_l2_prox_metric": {"metric-inverted": "metric_as_step", "w-unweighted": "w_without_its_weight"},
    "group_soft_threshold": {"zeros-not-made": "scale_below_zero", "l1-norm": "l1_norm_of_the_group"},
    "group_soft_threshold_metric": {"mean-curvature": "mean_curvature_per_group"},
    "sparse_group_prox_metric": {"threshold-per-entry": "threshold_per_entry_of_a_group"},
    "objective_eq2": {"matrix-norm": "matrix_norm_of_order_1", "squares-for-l1": "l2_for_l1"},
    "objective_eq3": {"norm-for-l1": "norm_for_l1", "count-for-l1": "number_of_nonzeros"},
    "objective_eq4": {"edgeless-biases-held": "bias_of_a_unit_without_edges_held",
                      "head-zeros-held": "zeros_of_the_head_held"},
    "objective_eq5": {"older-head-rows-held": "older_head_rows_held",
                      "edges-to-older-units-held": "edges_into_older_units_held",
                      "new-biases-held": "biases_of_new_units_held", "older-counted-as-new": "older_read_as_new",
                      "head-rows-grouped": "head_rows_grouped"},
    "objective_eq6": {"head-weights-pulled": "head_pulled_to_zero", "new-biases-pulled": "new_biases_pulled",
                      "anchors-at-the-end": "anchors_aligned_at_the_end", "norm-per-matrix": "norm_of_every_matrix"},
    "network_forward": {"relu-missing-on-top": "no_relu_on_top"},
    "ista_step": {"bias-step-missing": "bias_step_missing", "one-shrinkage-lost": "groups_or_entries"},
    "fista": {"restart-keeps-t": "restarted_but_t_goes_on", "restart-by-value": "restarted_by_the_value",
              "extrapolated-returned": "extrapolated_points_returned", "half-forgotten": "quadratic_without_its_half"},
    "solve_head": {"intercept-missing": "without_intercept", "penalty-left-out": "objective_is_the_loss",
                   "half-penalty": "half_the_penalty", "almost-zero": "support_above_a_tolerance",
                   "support-per-unit": "support_per_unit"},
    "auroc": {"ranks-from-0": "ranks_from_zero", "one-class-is-zero": "one_class_is_zero"},
    "performance_matrix_metrics": {"last-task-left-out": "average_of_earlier_tasks",
                                   "best-of-all-stages": "best_of_all_stages"},
    "ewc_penalty": {"decay-reversed": "decay_from_the_wrong_end"},
    "ewc_prox": {"importance-normalised": "importance_normalised", "clipped-gradient-step": "clipped_gradient_step"},
    "l2_transfer_step": {"prox-before-gradient": "pulled_before_the_step",
                         "lam-of-the-layer-below": "lam_of_the_layer_below", "biases-decayed": "biases_decay"},
    "progressive_forward": {"newest-column-first": "newest_column_first",
                            "columns-averaged": "mean_over_older_columns"},
    "progressive_adapter_backward": {"gate-open-at-zero": "adapter_open_on_the_kink",
                                     "alpha-twice": "alpha_gradient_scaled",
                                     "lateral-before-relu": "lateral_from_the_pre_activation"},
}
#: The same of DEN's own operations.
NAMES_OF_DEN = {
    "split_units": {"copies-one-late": "copies_one_stage_late",
                    "originals-leave-every-head": "originals_leave_every_head",
                    "keep-retires": "keep_retires",
                    "edges-to-older-not-restored": "original_feeds_older_units_as_now",
                    "copy-feeds-no-older-unit": "copy_feeds_no_older_unit",
                    "edges-to-retired-cut": "edges_into_retired_units_cut",
                    "new-units-hear-originals": "new_units_hear_the_original",
                    "copies-hear-no-new-units": "copy_hears_no_new_units"},
    "append_units": {"never-is-minus-1": "never_is_minus_one", "columns-alone": "columns_alone",
                     "counts-reversed": "counts_from_the_top", "one-stage-late": "introduced_one_late"},
    "delete_units": {"newest-head-cut": "newest_head_alone_cut", "retired-kept": "retired_kept",
                     "input-rows-deleted": "input_rows_deleted", "units-from-1": "one_based_deletion"},
    "useless_units": {"silent-unit-stays": "silent_units_into_older_stay",
                      "own-head-only": "heard_by_the_new_head_alone",
                      "constants-read-early": "constants_of_the_old_biases",
                      "dead-ends-at-the-top-only": "dead_ends_at_the_top_alone", "biases-uncut": "biases_of_all_units"},
    "extract_subnetwork": {"biases-of-other-units": "biases_of_the_layer_below"},
    "insert_subnetwork": {"old-zeros-kept": "old_zeros_kept"},
    "select_units": {"inputs-not-walked": "all_inputs_selected", "head-weights-summed": "head_weights_summed",
                     "edges-summed": "edges_summed"},
}
#: Both, on the second list.
SECOND_NAMES = {
    "soft_threshold_metric": {"largest-curvature": "one_threshold_for_all"},
    "group_soft_threshold": {"hard-threshold": "columns_cut_or_kept"},
    "group_soft_threshold_metric": {"norm-not-solved-for": "r_is_the_norm_of_w"},
    "sparse_group_prox": {"shrinkages-added": "shrinkages_added"},
    "sparse_group_prox_metric": {"groups-without-metric": "groups_without_the_metric"},
    "squared_l2_prox_metric": {"root-of-the-metric": "metric_under_a_root"},
    "sigmoid_cross_entropy": {"logarithms-clamped": "clamped_logarithms",
                              "labels-as-signs": "margins_of_labels_0_and_1"},
    "softmax_cross_entropy": {"largest-of-the-batch": "shifted_by_the_batch",
                              "class-0-ignored": "class_0_is_padding"},
    "network_forward": {"bias-after-relu": "bias_after_the_relu"},
    "network_backward": {"lower-layers-detached": "detached_below_the_top",
                         "sigmoid-for-softmax": "every_loss_is_sigmoid"},
    "objective_eq5": {"group-of-older-rows": "group_of_older_rows", "one-group-per-layer": "one_group_per_layer"},
    "objective_eq6_fisher": {"fisher-normalised": "fisher_over_its_largest",
                             "biases-pulled-alike": "biases_all_alike"},
    "fista": {"momentum-counted-on": "nesterov_by_the_counter",
              "restart-per-variable": "every_variable_restarts_alone"},
    "solve_head": {"rounded-to-0": "support_above_a_hundredth", "steps-counted": "fifty_steps"},
    "auroc": {"average-precision": "average_precision"},
    "performance_matrix_metrics": {"holes-skipped-in-means": "unmeasured_left_out"},
    "fisher_diagonal": {"outputs-squared-apart": "outputs_squared_one_by_one"},
    "progressive_forward": {"relu-per-column": "a_relu_per_older_column"},
    "progressive_adapter_backward": {"alphas-past-the-gate": "alphas_past_the_gate"},
}
SECOND_NAMES_OF_DEN = {
    "select_units": {"edges-to-any-unit": "edges_to_any_unit"},
    "insert_subnetwork": {"rest-of-the-head-cleared": "rest_of_the_head_cleared"},
    "append_units": {"rows-in-front": "rows_in_front"},
    "delete_units": {"lifetimes-cut-at-the-end": "lifetimes_cut_at_the_end"},
    "useless_units": {"one-sweep": "one_sweep"},
    "unit_drift": {"retired-sources-counted": "drift_from_retired_units", "never-infinite": "epsilon_below"},
    "split_units": {"copies-halved": "outgoing_weights_halved"},
    "den_trace": {"relative-drift": "relative_drift"},
}


def named(names, these) -> dict:
    """(operation, mistake) -> function on one of the lists."""
    listed = {(one.operation, one.name): one.function for one in these}
    return {(operation, mistake): listed[operation, name]
            for operation, found in names.items() for mistake, name in found.items()}


MATHEMATICS = named(NAMES, LIST) | named(SECOND_NAMES, SECOND)
DEN = named(NAMES_OF_DEN, LIST) | named(SECOND_NAMES_OF_DEN, SECOND)
MUTANTS = MATHEMATICS | DEN
