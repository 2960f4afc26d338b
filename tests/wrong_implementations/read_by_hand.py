"""First diagnoses that were read by hand, because the regular expression on the list did not know their words.

An expression was written before the words that it judges.  Where it was too narrow for a diagnosis that does say what
was got wrong, or so wide that it took another for one, the reading stands here, and counts.
"""

#: (name on the list, diagnosis) -> does it say what was got wrong?
READ = {
    ("nan_of_a_zero_column", "not-finite"): True,                          # "0 / 0": that is what it is
    ("nan_of_nothing", "not-finite"): True,
    ("reduction_sum", "times-x.shape[0]"): True,                           # n times too large: a sum, not a mean
    ("mean_bias_gradient", "divided-by-x.shape[0]"): True,
    ("hidden_biases_averaged", "divided-by-x.shape[0]"): True,
    ("mean_over_weights", "divided-by-fisher[0].shape[0]"): True,
    ("gradient_with_the_half", "divided-by-2"): True,
    ("over_the_wrong_axis", "softmax-over-samples"): True,
    ("one_based_labels", "labels-from-1"): True,
    ("gradients_from_the_top", "swapped-outputs"): True,
    ("every_ratio_cut_at_one", "clipped-per-stage"): True,
    ("biases_of_new_units_held", "all-zero"): True,
    ("retired_kept", "input-unchanged"): True,
    ("newest_head_alone_cut", "input-unchanged"): True,
    ("silent_units_into_older_stay", "bias-not-relu"): False,              # "negative" means another mistake there
    ("edges_to_whatever_is_seen", "edges-to-any-unit"): True,
    # the second list
    ("best_before_it_was_learnt", "nan-read"): True,                       # it reads what is not there yet
    ("rows_in_front", "other-order"): True,
    ("fifty_steps", "nearly-right"): False,                                # "nearly" is not "early"
    ("shifted_by_the_batch", "exp-overflows"): False,                      # it underflows, and a largest is subtracted
    ("margins_of_labels_0_and_1", "positives-only"): False,
    ("every_variable_restarts_alone", "restart-per-variable"): True,
}
