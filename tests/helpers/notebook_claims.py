"""What the notebooks say, as code: predictions that are right, and what holds after a cell.

Neither stands in the notebooks, where it would answer the question above.
"""

#: Notebook -> id of the cell that asks -> its source with right predictions.
PREDICTIONS = {
    "00_den_box_by_box": {
        "predict-linear": "linear_auroc = 0.5",
        "predict-inputs": "large_rows = [0, 1]",
        "predict-expand": "expands = True\ntask_0_after_stage_2 = 1",
        "predict-split": "expands_again = False\nmore_splits_in_layer = 2",
        "predict-harm": 'lowest_after = "eq4"',
        "predict-reuse": "more_private_units_in_layer = 2",
        "predict-finetuning": "finetuning_auroc = 0.65",
    },
    "01_backpropagation": {
        "predict-shapes": "shape_of_dx = (5, 3)\nshape_of_dw = (3, 2)\nshape_of_db = (2,)",
        "predict-gate": "passes_with_ge = True",
        "predict-cost": "times_forward = 2.5",
        "predict-zeros": 'nonzero = ["c"]',
        "predict-descent": "below_half = True",
    },
    "02_l1_and_proximal_gradient": {
        "predict-prox": "prox_of_3 = 2\nprox_of_04 = 0",
        "predict-lasso": "zero_with_l1 = True\nzero_with_square = False",
        "predict-zeros": "zeros_subgradient = 0\nzeros_ista = 35",
        "predict-selected": "selected_subgradient = 40\nselected_ista = p - found[1]",
        "predict-share": 'first_strength_with_zeros = "never"',
        "predict-solvers": 'fewest_first = ["newton", "fista", "ista"]',
    },
    "03_selective_retraining": {
        "predict-walk": "inputs = [1, 2, 3]\nlayer_1 = [1, 2]\nlayer_2 = [0]",
        "predict-select": "in_layer_1 = 7\nin_layer_2 = 3",
        "predict-strength": "when_small = 10\nwhen_large = 0",
        "predict-change": 'changed = "c"',
    },
    "04_dynamic_expansion": {
        "predict-columns": "under_l1 = 2\nunder_group_lasso = 1",
        "predict-stuck": 'nonzero_from_zero = "none"\nlargest_change = 0',
        "predict-gamma": "without_gamma = [0, 0]\nwith_large_gamma = [16, 16]",
        "predict-l1": "share_under_l1 = 0.32\nshare_under_group_lasso = 0",
    },
    "05_split_and_timestamps": {
        "predict-harm": 'lowest_after = "eq4"\nrecovers = True',
        "predict-moved": "median_is_above = True",
        "predict-sigma": 'first_at_zero = "the same"\nsecond_changes_by = 0',
        "predict-doubling": "with_keep = 6\nwith_retire = 3",
        "predict-unstamped": "without_timestamps = 0.9",
        "predict-pull": 'drift_goes = "down"\nfirst_goes = "up"\nsecond_goes = "down"',
    },
    "06_full_run": {
        "predict-frozen": 'never_change = ["stl", "progressive"]',
        "predict-order": 'most_forgetting_first = ["finetune", "ewc", "den"]\n'
                         'fewest_parameters_first = ["finetune", "den", "stl", "progressive"]',
        "predict-growth": 'faster = "upper"',
    },
    "07_golden_values": {
        "predict-diagnosis": "passed = 3",
        "predict-partial": 'verdict = "success"',
    },
    "08_backward_transfer": {
        "predict-ella": 'above_0 = True\ngain_more = "the first twenty"\ngain_in_training = False',
        "predict-limits": 'with_five = "below"\nwith_twelve_at_most = 0',
        "predict-den": 'largest_first = ["den-finetune", "den", "free"]',
    },
    "09_five_ways_to_grow": {
        "predict-grow": 'most_units = "adanet"',
        "predict-frozen": 'to_the_last_bit = {"adanet", "nonparametric"}\nread_older_units = {"den", "incremental-features"}',
        "predict-work": 'fewest_rounds = "den"\nleast_per_unit = "adanet"\nmost_per_unit = "den"',
        "predict-tree": "tree_first_lot = 0.95\nplain_first_lot = 0.1\nneeds_old_data = True",
    },
    "10_filters_are_units": {
        "predict-column": 'windows_down = 12\nlargest_map = "up"',
        "predict-gone": "gone_l1 = 3\ngone_l21 = 7",
        "predict-group": "group_size = 25 * (6 + 5)",
        "predict-select": "all_of_layer_2 = False",
        "predict-split": 'original_has = "old"\ncopy_has = "new"\nmap_moves_by = 0',
        "predict-beside": 'higher_auroc = "filters"\nfewer_parameters = "filters"',
    },
}

#: Notebook -> id of a cell -> what holds after it.
CLAIMS = {
    "00_den_box_by_box": {
        "run-linear": "assert abs(found - 0.5) < 0.1 and with_product == 1",
        "run-inputs": """
assert min(stage_1["eq2"].facts["share_of_zeros"]) > 0.5 and 0 < sum(stage_1["prune"].facts["kept"]) < 36 / 2
assert 0 < norms[2:].max() < norms[:2].min() / 5
""",
        "run-expand": """
facts = stage_2["loss"].facts
assert facts["loss"] > 0.9 * facts["base_rate"] > stage_2["eq5"].facts["loss_after"]
assert 0 < sum(stage_2["prune"].facts["kept"]) < sum(stage_2["prune"].facts["added"])
assert stage_2["split"].facts["split"] == [0, 0] and abs(R[1, 0] - R[0, 0]) < 0.01
""",
        "run-split": """
assert den.config.lam[0] >= 10 * den.config.lam[1] and sum(split.facts["split"]) > 0
assert stage_3["loss"].facts["loss"] < den.config.tau and R[2, 2] > 0.98
""",
        "run-harm": "assert curve['eq4'] < curve['split'] and abs(curve['split'] - R[1, 1]) < 0.01 and R[2, :2].min() > 0.99",
        "run-reuse": """
assert 'eq5' not in stage_4 and sum(stage_4['split'].facts['split']) > 0
assert private[0] < private[1] and any((gone < 5).any() for gone in network.retired)
""",
        "slider-tau": "assert losses[0] > 0.2 > 0.15 > max(losses[1:]) and min(losses) > 0.05",
        "run-finetuning": """
assert finetuning.config.hidden == den.config.hidden
assert R_finetuning.diagonal().min() > 0.95 and R_finetuning[-1, :3].max() < 0.95 and R_finetuning[-1, 0] < 0.8
assert R[-1].min() > 0.98
""",
    },
    "01_backpropagation": {
        "run-gate": "assert with_ge.tolist() == [[1, 1, 1]] and ours.tolist() == [[0, 0, 1]] and off_the_kink",
        "run-softmax": "assert report and np.allclose(dlogits, by_hand)",
        "run-network": "assert np.isclose(of_package, value) and apart < 1e-14",
        "run-cost": "assert loss.multiply_adds == 3 * forward - len(x) * 12 * 8",
        "run-descent": "assert curve[-1] < 0.5 * base_rate < curve[0]",
        "run-loops": "assert all(np.allclose(a, b) for a, b in zip(in_loops, fast))",
    },
    "02_l1_and_proximal_gradient": {
        "run-prox": "assert np.allclose(minimisers, soft_threshold(np.array([3.0, 0.4]), step * mu), atol=1e-4)",
        "run-lasso": """
assert lasso[0] == 0 and np.isclose(lasso[1], 0.68)                # 2 - 0.4 * 0.8 - 1
assert np.allclose(ridge, np.linalg.solve(curvature + np.eye(2), curvature @ lowest), atol=1e-6)
""",
        "slider-lasso": "assert np.all(solvers.fista(loss_of_two, L1(0.2), np.zeros(2)).x > 0)",
        "run-zeros": """
assert found[0] == 0 and found[1] > p / 2
assert objective(by_ista, mu) < objective(by_subgradient, mu) < 1.05 * objective(by_ista, mu)
""",
        "run-selected": """
assert selected(by_subgradient) == p and selected(by_ista) == p - found[1]
assert set(range(relevant)) <= set(np.flatnonzero(by_ista))
""",
        "run-share": """
assert max(shares["squared L2"]) == 0 and shares["L1"][-1] == 1 and np.all(np.diff(shares["L1"]) >= 0)
""",
        "run-metric": """
assert report and np.array_equal(L1(2.0).prox_metric(z, d), soft_threshold(z, 2.0 / d))
assert not check_prox(with_one_threshold, z, metric=d)
""",
        "run-solvers": """
assert iterations["newton"] < iterations["fista"] < iterations["ista"] and results["newton"].residual <= 1e-8
assert all(np.allclose(v, weights["newton"], atol=1e-6) for v in weights.values())
assert max(results["ista"].prox_residual, results["fista"].prox_residual) <= 1e-8
""",
    },
    "03_selective_retraining": {
        "run-walk": """
paths = [(W1 != 0) @ (W2 != 0) @ (V != 0), (W2 != 0) @ (V != 0), V != 0]    # is there a path to the head?
assert all(np.array_equal(np.flatnonzero(path), units) for path, units in zip(paths, selected))
""",
        "setup-trained": "assert min(aurocs(network, first)) > 0.95 and min(zeros) > 0.15",
        "run-select": """
assert solve.success and all(count < width for count, width in zip(counts[1:], network.widths))
assert counts[0] == 12 and aurocs(with_head, new)[0] > 0.9
""",
        "run-strength": "assert network.widths[1] - 1 <= found[1e-4] and found[0.99] == 1 and found[1.01] == 0",
        "run-change": "assert not a and not b and c",
    },
    "04_dynamic_expansion": {
        "run-columns": "assert check_prox(L1(1.0), W, step=1.0) and check_prox(GroupLasso(1.0), W, step=1.0)",
        "setup-network": """
assert stage.loss(network) > 0.9 * stage.base_rate and default_options(DEN, "toy").epochs_eq5 == 150
""",
        "run-stuck": "assert counts['all 0'] == [0, 0] and min(counts['random']) > 0 and max(changes.values()) == 0",
        "run-gamma": """
assert 0 < sum(zero[0.01]) < sum(zero[1.0]) == 32
assert by_gamma[0.01].facts["loss_after"] < 0.5 * stage.base_rate < 0.9 * by_gamma[1.0].facts["loss_after"]
""",
        "run-l1": "assert shares['L1'] > 0 and shares['group lasso'] == 0",
        "run-box": "assert sum(prune.after.widths) < sum(prune.before.widths) and apart < 1e-4",
    },
    "05_split_and_timestamps": {
        "run-harm": "assert curve['eq4'] < 0.9 < 0.95 < curve['split'] and curve['loss'] == curve['eq4']",
        "run-moved": """
assert [u.tolist() for u in split] == [np.flatnonzero(r > s).tolist() for r, s in zip(rho, sigma)]
assert all(0 < len(u) < len(o) for u, o in zip(split, older))
""",
        "run-sigma": "assert same and max(changes) < 1e-9 and table[np.inf][1] == auroc(before, first) < table[0.35][1]",
        "run-doubling": "assert scores == {'keep': {'old': 3, 'new': 6}, 'retire': {'old': 3, 'new': 3}}",
        "run-keep": """
assert np.isclose(auroc(retired, second), auroc(before, second)) and auroc(kept, second) < auroc(before, second) - 0.01
""",
        "run-staircase": """
for stage in (1, 2):
    for l, units in enumerate(network.visible(stage)[1:]):
        born, gone = network.introduced[l], network.retired[l]
        assert set(units) == {i for i in range(len(born)) if born[i] <= stage < gone[i]}
""",
        "run-unstamped": """
assert without < with_stamps - 0.02 and not kept.head_of(first.id).weights[len(before.biases[1]):].any()
""",
        "run-pull": """
drifts, firsts, seconds = zip(*pulled.values())
assert drifts[0] > drifts[1] > drifts[2] and firsts[2] > firsts[0] and seconds[2] < seconds[0]
""",
    },
    "06_full_run": {
        "run-stream": "assert all(task.x_train is tasks[0].x_train for task in tasks)",
        "run-methods": """
assert all(done.complete for done in runs.values())
assert min(R[name].diagonal().min() for name in ("stl", "den", "finetune")) > 0.75        # they all learn
assert abs(parameters["den"] / parameters["ewc"] - units["den"][0] / units["ewc"][0]) < 0.2
assert list(units["stl"]) == list(units["progressive"]) == [len(tasks) * width for width in hidden]
""",
        "run-order": "assert forgetting['den'] < 0.5 * forgetting['finetune']",
        "run-trade": "assert len(markers) == len(names)",
        "run-matrices": """
for matrix in R.values():
    assert np.array_equal(np.isnan(matrix), np.triu(np.ones_like(matrix, bool), 1))      # the future is unknown
""",
        "run-growth": "assert np.all(np.diff(widths, axis=0) >= 0) and growth[1] > growth[0] > 1",
        "run-per-task": "assert max(per_task) < parameters['den']",
        "run-registry": "assert set(names) <= set(REGISTRY) and 'dnn-selective' in REGISTRY",
    },
    "07_golden_values": {
        "run-list": """
assert {"soft_threshold", "select_units", "split_units", "den_trace"} <= set(mistakes)
assert len(cases()) == sum(len(vector.cases) for vector in files) > 200
""",
        "run-show": "assert 'a > 0' in show_operation(by_name['relu_backward'])",
        "run-diagnosis": """
failed = [result for result in results if result.verdict == "fail"]
assert len(results) == 5
assert [result.case.id for result in failed] == ["relu_backward/on-the-kink", "relu_backward/dead-unit"]
assert all("relu-gate-open-at-zero" in result.mistakes for result in failed)
""",
        "run-partial": """
assert counts["fail"] == counts["error"] == 0 and counts["pass"] == len(cases("relu_forward"))
assert counts["not implemented"] == len(results) - counts["pass"]
""",
    },
    "08_backward_transfer": {
        "run-ella": """
assert np.mean(gain > 0) > 0.6 and gain[:20].mean() > 2 * gain[20:].mean() > 0 > np.mean(in_training)
""",
        "run-objective": """
assert min(falls) >= 0 and min(rises) > 0
""",
        "run-limits": "assert transfer[5] < transfer[10] < 0 and abs(transfer[12]) < 0.001",
        "run-den": """
assert np.mean(transfers['free']) < np.mean(transfers['den']) < 0.005 < 0.01 < np.mean(transfers['den-finetune'])
assert min(transfers['den-finetune']) > 0
""",
        "run-data": "assert 'expected the data of all learnt tasks' in refused",
    },
    "09_five_ways_to_grow": {
        "run-grow": """
assert min(auroc['den']) > 0.98 and min(auroc['adanet']) > 0.9 and min(auroc['nonparametric']) > 0.95
assert auroc['incremental-features'][0] < 0.9 and units['adanet'] > 1.5 * units['den']
last = {step.box: step for step in made['den']['steps'] if step.stage == 3}
assert 'eq5' not in last and sum(last['split'].facts['split']) > 0
for name in ('adanet', 'nonparametric'):
    assert min(np.diff([0, *made[name]['units'].sum(axis=1)])) > 0
""",
        "run-frozen": """
assert head_auroc(made['den']['scores'][-1], tasks[0].y_test, 'sigmoid') > 0.98 and moved['den'] > 0
""",
        "run-work": """
assert rounds['den'] == 2 and min(rounds[name] for name in made if name != 'den') > 10
assert max(auroc, key=lambda name: np.mean(auroc[name])) == 'den'
""",
        "run-tree": """
assert done.R['accuracy'][-1, 0] > 0.9 and plain.R['accuracy'][-1, 0] < 0.3
assert 'expected the data of all learnt tasks' in refused
""",
    },
    "10_filters_are_units": {
        "run-column": "assert apart < 1e-12 and sums['up'] > 1.5 * max(sums['across'], sums['spot'])",
        "run-gone": "assert left['L1'] < left['(2,1)-norm'] < 1 and gone['as drawn'] == 0",
        "run-group": """
assert len(seen) == 6 + 5 and stages[2]['eq5'].facts['added'] == [5, 5, 5]
assert 0 < stages[2]['prune'].facts['kept'][1] <= (norms > 0).sum() < 5
""",
        "run-select": "assert len(chosen[3]) < len(chosen[2]) < select.facts['visible'][2] and len(chosen[1]) > 3",
        "run-split": "assert np.abs(seen['new'] - seen['old']).max() > 0.5 and len(units) == 2",
        "show-split": "assert set(split.arrays['split/1']) == set(np.flatnonzero(split.after.retired[0] == 2))",
        "run-beside": "assert auroc['filters'] > auroc['dense'] + 0.01 and 4 * parameters['filters'] < parameters['dense']",
    },
}
