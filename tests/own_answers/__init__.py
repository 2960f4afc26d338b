"""den_ref's own answers to the golden cases: the first implementation that has to pass.

    python -m den_ref golden check tests.own_answers

A function here has the name and the arguments of an operation, and asks the functions of the room that its file is
named after.  The same answers in plain loops are ``den_ref.loops``, in the package.
"""

from .core import affine_backward, affine_forward, auroc, convolution_backward, convolution_forward, fisher_diagonal
from .core import fista, flatten, group_soft_threshold, max_pool_backward, max_pool_forward
from .core import group_soft_threshold_metric, ista_step, l21_penalty, l21_prox, l21_prox_metric
from .core import network_backward, network_forward, performance_matrix_metrics, performance_matrix_variants
from .core import relu_backward, relu_forward, sigmoid_cross_entropy, soft_threshold
from .core import soft_threshold_metric, softmax_cross_entropy, solve_head, sparse_group_prox, sparse_group_prox_metric
from .core import squared_l2_prox, squared_l2_prox_metric
from .den import append_units, delete_units, extract_subnetwork, insert_subnetwork, most_drifted, objective_eq2
from .den import objective_eq3, objective_eq4, objective_eq4_l1, objective_eq5, objective_eq6, objective_eq6_fisher
from .den import predict_task, select_units, split_units, unit_drift, useless_units
from .methods import drop_transfer_layer, ewc_penalty, ewc_prox, imm_mean, imm_mode, l2_transfer_step
from .methods import adanet_coordinate_gain, adanet_weak_learner, ella_bases, ella_code, gomtl_bases
from .methods import adarad_step, capnorm_backward, capnorm_forward, fan_in_penalty
from .methods import incremental_gradients, incremental_hard, incremental_merge, incremental_rule
from .methods import progressive_adapter_backward, progressive_forward, si_importance, si_path_integral, si_penalty
from .methods import tree_answer, tree_choice, tree_embedding, tree_homes, tree_partition
from .trace import den_trace
