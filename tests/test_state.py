"""What is stored beside the weights: facts, ids and the random generator, round trip."""

import json

import numpy as np
import pytest
from den_ref.state import pack_id, pack_meta, pack_rng, unpack_id, unpack_meta, unpack_rng


FACTS = {"b": [1, 2.5, None], "a": {"text": "é\n", "large": 2**100}, "c": True}


@pytest.mark.parametrize("facts", [{}, FACTS], ids=str)
def test_meta_round_trip_as_bytes(facts):
    packed = pack_meta(facts)
    assert packed.dtype == np.uint8 and packed.ndim == 1
    assert unpack_meta(packed) == facts


def test_meta_does_not_depend_on_the_order_of_keys_and_survives_npz(tmp_path):
    assert pack_meta({"a": 1, "b": 2}).tobytes() == pack_meta({"b": 2, "a": 1}).tobytes()
    np.savez(tmp_path / "state.npz", meta=pack_meta({"a": [1]}))
    with np.load(tmp_path / "state.npz", allow_pickle=False) as stored:
        assert unpack_meta(stored["meta"]) == {"a": [1]}


def test_meta_refuses_what_json_cannot_hold():
    with pytest.raises(TypeError):
        pack_meta({"a": np.zeros(2)})


def test_generator_continues_bit_for_bit_after_json():
    rng = np.random.default_rng(3)
    rng.normal(size=7)
    rng.integers(0, 10, dtype=np.uint32)                           # leaves half a word in the generator's buffer
    again = unpack_rng(json.loads(json.dumps(pack_rng(rng))))
    words, same_words = (generator.integers(0, 2**32, 5, dtype=np.uint32) for generator in (rng, again))
    np.testing.assert_array_equal(words, same_words)
    np.testing.assert_array_equal(rng.normal(size=100), again.normal(size=100))
    np.testing.assert_array_equal(rng.permutation(50), again.permutation(50))


def test_packed_state_does_not_follow_the_generator():
    rng = np.random.default_rng(3)
    packed = pack_rng(rng)
    first = rng.normal()
    rng.normal(size=10)
    assert unpack_rng(packed).normal() == first
    assert unpack_rng(packed).normal() == first


IDS = [0, -3, 2.5, "seven", "", True, None, (1, "a"), ((1, 2), ("x", None)), ()]


@pytest.mark.parametrize("task_id", IDS, ids=repr)
def test_ids_round_trip_through_json(task_id):
    again = unpack_id(json.loads(json.dumps(pack_id(task_id))))
    assert again == task_id and type(again) is type(task_id) and hash(again) == hash(task_id)


@pytest.mark.parametrize(("task_id", "plain"), [(np.int64(3), 3), (np.str_("a"), "a"), ((np.int8(1), 2), (1, 2))])
def test_numpy_ids_become_plain(task_id, plain):
    assert unpack_id(json.loads(json.dumps(pack_id(task_id)))) == plain


@pytest.mark.parametrize("task_id", [frozenset({1}), 1j, b"bytes", object, (1, frozenset())], ids=repr)
def test_other_ids_are_refused(task_id):
    expected = "task id: expected a number, text, boolean, None or tuple of them to be stored, got"
    with pytest.raises(TypeError, match=expected):
        pack_id(task_id)
