"""A keyed order of 0..n-1 that is never stored: a bijection for every n and key, and a fair one."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from research.data.permutation import permute

KEYS = jax.random.split(jax.random.key(0), 16)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 9, 65, 1000, 4097])
def test_every_key_gives_a_bijection(n):
    whole = jax.jit(jax.vmap(partial(permute, n=n), in_axes=(0, None)))(KEYS, jnp.arange(n))
    np.testing.assert_array_equal(np.sort(whole, axis=1), np.broadcast_to(np.arange(n), whole.shape))


def test_a_value_does_not_depend_on_what_it_is_asked_with():
    whole = permute(KEYS[0], jnp.arange(1000), 1000)
    np.testing.assert_array_equal(permute(KEYS[0], jnp.array([[7, 500], [999, 7]]), 1000), whole[jnp.array([[7, 500], [999, 7]])])


def test_the_largest_sizes_stay_inside():
    n = 2**31 - 1
    values = permute(KEYS[0], jnp.array([0, 1, n - 1], jnp.int32), n)
    assert ((values >= 0) & (values < n)).all()
    assert len(set(values.tolist())) == 3


def test_keys_and_orders_are_unlike_each_other():
    whole = np.asarray(jax.vmap(partial(permute, n=1000), in_axes=(0, None))(KEYS, jnp.arange(1000)))
    correlation = np.corrcoef(np.concatenate([np.arange(1000)[None], whole]))
    assert np.abs(correlation - np.eye(17)).max() < 0.15  # 4.7 standard errors
    successive = np.mean(np.diff(whole, axis=1) == 1)
    assert successive < 0.005


def test_each_place_is_equally_likely_over_keys():
    keys = jax.random.split(jax.random.key(1), 6000)
    orders = jax.jit(jax.vmap(partial(permute, n=5), in_axes=(0, None)))(keys, jnp.arange(5))
    for position in range(5):
        assert stats.chisquare(np.bincount(orders[:, position], minlength=5)).pvalue > 1e-4
    assert len(np.unique(orders, axis=0)) == 120  # every order of five occurs
