"""The loops: every formula once more, as what it literally says, one number at a time.

A function here has the name, the arguments and the outputs of a golden operation: one output as it is, two or three
as a tuple in the order of the signature, more as a dict.  So the room can be checked as it stands:

    den-ref golden check den_ref.loops

=============  ========================================================================================
layers         affine layer and ReLU, forwards and backwards
images         convolution and 2 x 2 max pooling, forwards and backwards; flattening
losses         sigmoid and softmax cross-entropy
network        a whole network, forwards and backwards
penalties      values of L1, (2,1)-norm, group lasso, squares; their proxes with a step and in a metric
equations      Eq. 2-6: data loss, penalty, gradient over what is free
solvers        ISTA, FISTA, Eq. 3 to its minimum; proximal Adam and SGD
subnetworks    what a stage sees, a task's scores; Algorithm 2: select, cut out, put back
surgery        Algorithm 3: append, find what is useless, delete
splitting      Algorithm 4: drift, who is split, the split edge by edge
systems        the compared systems: EWC's Fisher information and pull, DNN-L2, SI, IMM, ELLA, GO-MTL, AdaNet,
               DNN-Progressive
incremental    incremental features: the tied gradient, hard samples, the merge, how many
nonparametric  CapNorm forwards and backwards, a step of AdaRad, the fan-in penalty
tree           the error-driven tree: a confusion's embedding and partition, homes, growth, the answer
metrics        AUROC, functions of the performance matrix
arrays         filling an array entry by entry
=============  ========================================================================================

For reading, for checking the fast functions (tests hold the two against each other), and for whoever writes DEN in
another language.  Nothing is imported from other rooms, and NumPy is a container: no array is multiplied, compared or
reduced as a whole.  Numbers are float64.
"""

from .equations import objective_eq2, objective_eq3, objective_eq4, objective_eq4_l1, objective_eq5, objective_eq6
from .equations import objective_eq6_fisher
from .images import convolution_backward, convolution_forward, flatten, max_pool_backward, max_pool_forward
from .incremental import incremental_gradients, incremental_hard, incremental_merge, incremental_rule
from .layers import affine_backward, affine_forward, relu_backward, relu_forward
from .losses import sigmoid_cross_entropy, softmax_cross_entropy
from .metrics import auroc, performance_matrix_metrics, performance_matrix_variants
from .network import network_backward, network_forward
from .nonparametric import adarad_step, capnorm_backward, capnorm_forward, fan_in_penalty
from .penalties import group_soft_threshold, group_soft_threshold_metric, soft_threshold, soft_threshold_metric
from .penalties import l21_penalty, l21_prox, l21_prox_metric
from .penalties import sparse_group_prox, sparse_group_prox_metric, squared_l2_prox, squared_l2_prox_metric
from .solvers import fista, ista_step, solve_head
from .splitting import most_drifted, split_units, unit_drift
from .subnetworks import extract_subnetwork, insert_subnetwork, predict_task, select_units
from .surgery import append_units, delete_units, useless_units
from .systems import drop_transfer_layer, ewc_penalty, ewc_prox, fisher_diagonal, imm_mean, imm_mode, l2_transfer_step
from .systems import adanet_coordinate_gain, adanet_weak_learner, ella_bases, ella_code, gomtl_bases
from .systems import progressive_adapter_backward, progressive_forward
from .systems import si_importance, si_path_integral, si_penalty
from .tree import tree_answer, tree_choice, tree_embedding, tree_homes, tree_partition
