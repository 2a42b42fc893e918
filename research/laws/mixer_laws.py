"""What holds of every causal mixer: the law of the chunk, validity, padding, causality, rows, gradients, types.

Each function tries a mixer on an input and says what it shows, None where the law holds. Inputs are columns of three rows; `t` and `row`
are counted from 0.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from research.laws.law import Fault
from research.laws.mixer_inputs import (
    ALL,
    BATCH,
    CLOSE,
    GAPS,
    LENGTH,
    WIDTH,
    Inputs,
    X,
    empty_carry,
    in_every_row,
    mix_once,
    mixer_parameters,
    pull_back,
)
from research.nn.initialisers import LECUN
from research.nn.mixers import BoundMixer

PATTERNS = ("xx", ".x", "x.x", "xx.x", "..xx.x.xxx", "x.xx..x.xxxx")  # which inputs exist, the smallest first
LOUD = np.float32(1e3)  # stands where no input exists


def chunk_fault(mixer: BoundMixer, whole: Inputs, parts: Sequence[Inputs]) -> Fault:
    """mix(c, x ++ y) == mix(c, x) ++ mix(c', y): the inputs that exist come in other chunks, with the same gaps or others."""
    expected, carry, outputs = mix_once(mixer, whole), None, []
    for part in parts:
        carry, y = mix_once(mixer, part, carry)
        outputs.append([np.asarray(y)[row][part.valid[row]] for row in range(BATCH)])
    for row in range(BATCH):
        ours = np.concatenate([output[row] for output in outputs])
        theirs = np.asarray(expected.y)[row][whole.valid[row]]
        if (far := _first_far(ours, theirs)) is not None:
            cuts = " + ".join(str(int(part.valid[row].sum())) for part in parts)
            return (
                f"row {row} of {int(whole.valid[row].sum())} inputs, {_pattern(whole.valid[row])}, as chunks of {cuts}: output {far} is "
                f"{_number(ours[far])}, and {_number(theirs[far])} of one chunk"
            )
    return _carry_fault(carry, expected.carry, f"after the inputs {_pattern(whole.valid[0])} of row 0, ...")


def chunks_fault(mixer: BoundMixer) -> Fault:
    """Two chunks, and one input at a time, over ragged rows: of the fewest inputs first."""
    half = LENGTH // 2
    few = np.zeros((BATCH, LENGTH), bool)
    few[:, half - 1 : half + 1] = True
    for valid in (few, ALL, GAPS):
        whole = Inputs(X, valid)
        if fault := chunk_fault(mixer, whole, [whole.cut(0, half), whole.cut(half, LENGTH)]):
            return fault
    whole = Inputs(X, GAPS)
    return chunk_fault(mixer, whole, [whole.cut(i, i + 1) for i in range(LENGTH)])


def content_fault(mixer: BoundMixer, valid: Bool[np.ndarray, "b t"]) -> Fault:
    """What stands where no input exists changes neither the carry nor the outputs of others, not by a bit."""
    quiet = mix_once(mixer, Inputs(X, valid))
    loud = mix_once(mixer, Inputs(np.where(valid[..., None], X, LOUD), valid))
    for row, time in np.argwhere(valid):
        a, b = np.asarray(quiet.y)[row, time], np.asarray(loud.y)[row, time]
        if not np.array_equal(a, b):
            return (
                f"inputs {_pattern(valid[row])} of row {row}: with {LOUD:g} where none exists the output at t = {time} is {_number(b)}, "
                f"and {_number(a)} with other numbers there"
            )
    same = jax.tree.all(jax.tree.map(lambda a, b: np.array_equal(a, b), quiet.carry, loud.carry))
    return None if same else f"inputs {_pattern(valid[0])} of row 0, ...: what stands where none exists changes the carry"


def validity_fault(mixer: BoundMixer) -> Fault:
    """Of each pattern of inputs that exist."""
    return next((fault for valid in _patterns() if (fault := content_fault(mixer, valid))), None)


def packed(inputs: Inputs) -> Inputs:
    """The inputs that exist first, in their order."""
    exists = np.sort(inputs.valid, axis=1)[:, ::-1]
    x = np.zeros_like(inputs.x)
    x[exists] = inputs.x[inputs.valid]
    return Inputs(x, exists)


def padding_fault(mixer: BoundMixer) -> Fault:
    """Where the gaps are, and how much padding is behind, changes nothing: of each pattern of inputs that exist, the same in every row."""
    for pattern in PATTERNS:
        whole = Inputs(np.where(in_every_row(pattern)[..., None], X, 0), in_every_row(pattern))
        short = packed(whole)
        half = short.cut(0, LENGTH // 2)
        if fault := chunk_fault(mixer, whole, [short]):
            return f"the gaps closed: {fault}"
        if not short.valid[:, LENGTH // 2 :].any() and (fault := chunk_fault(mixer, whole, [half])):
            return f"with less padding: {fault}"
    return None


def causality_fault(mixer: BoundMixer) -> Fault:
    """The gradient of an output by a later input is zero."""
    for time in range(LENGTH):
        influence = np.abs(influence_of_inputs(mixer, time)[0]).sum(axis=1)
        if (later := np.flatnonzero(influence[time + 1 :])).size:
            steps = int(later[0]) + 1
            return (
                f"the output at t = {time} reads {steps} step{'s' if steps > 1 else ''} ahead: its gradient by the input at t = "
                f"{time + steps} is {influence[time + steps]:.3g}, and 0 is due"
            )
    return None


def rows_fault(mixer: BoundMixer) -> Fault:
    """A row's outputs are the same whatever stands in the other rows, and wherever it stands itself."""
    for time in range(LENGTH):
        influence = np.abs(influence_of_inputs(mixer, time)).sum(axis=(1, 2))
        if (others := np.flatnonzero(influence[1:])).size:
            row = int(others[0]) + 1
            return f"the output of row 0 at t = {time} has a gradient of {influence[row]:.3g} by the inputs of row {row}, and 0 is due"
    straight, turned = (np.where(GAPS[..., None], y, 0) for y in (_mixed_rows(mixer, 1), _mixed_rows(mixer, -1)))
    if not np.array_equal(straight, turned):
        row, time, _ = np.argwhere(straight != turned)[0]
        return f"row {row} of {BATCH}: its output at t = {time} is another where the rows stand in the opposite order"
    return None


def gradient_fault(mixer: BoundMixer) -> Fault:
    """Gradients are finite: of noise, of zeros, and where a row has no inputs."""
    weights = np.random.default_rng(2).normal(size=X.shape).astype(np.float32)
    nothing = np.where(np.arange(BATCH)[:, None] == 0, False, GAPS)
    for what, inputs in (("noise", Inputs(X, ALL)), ("zeros", Inputs(np.zeros_like(X), ALL)), ("a row without inputs", Inputs(X, nothing))):
        (by_parameters, by_inputs), _ = pull_back(mixer, inputs, weights)
        bad = [
            jax.tree_util.keystr(path) for path, leaf in jax.tree_util.tree_leaves_with_path(by_parameters) if not np.isfinite(leaf).all()
        ]
        if bad or not np.isfinite(by_inputs).all():
            return f"of {what}, {BATCH} x {LENGTH} x {WIDTH}: the gradient by {', '.join(bad) or 'the inputs'} is not finite"
    return None


def shape_fault(mixer: BoundMixer) -> Fault:
    """Outputs have the shape of the inputs, in float32; a carry keeps its form; what is observed is what the entry names, batch first."""
    kind, spec, params = mixer.kind, mixer.spec, mixer_parameters(mixer)
    for length in (1, LENGTH):
        for observe in (False, True):
            carry = empty_carry(mixer)
            x, valid = jnp.zeros((BATCH, length, WIDTH)), jnp.ones((BATCH, length), bool)
            after, y, aux = jax.eval_shape(lambda c, x, v, o=observe: kind.mix(spec, params, c, x, v, None, o), carry, x, valid)
            if (y.shape, y.dtype) != (x.shape, x.dtype):
                return f"of inputs {x.shape} {x.dtype} the outputs are {y.shape} {y.dtype}"
            if _form(after) != _form(carry):
                return f"of {length} inputs the carry becomes {_form(after)}, and was {_form(carry)}"
            shown = set(aux) if observe else aux
            if shown != (set(kind.observes) if observe else ()):
                return f"observe = {observe} shows {shown or 'nothing'}, and the entry names {kind.observes if observe else 'nothing'}"
            if observe and any(value.shape[:1] != (BATCH,) for value in aux.values()):
                return f"of {BATCH} rows it shows { ({name: value.shape for name, value in aux.items()}) }: batch comes first"
    return None


def float32_fault(mixer: BoundMixer) -> Fault:
    """Parameters are drawn in float32, and the entry's `float32` and `undecayed` name fields that there are."""
    params = jax.eval_shape(lambda key: mixer.kind.init(mixer.spec, key, WIDTH, LECUN), jax.random.key(0))
    leaves = {jax.tree_util.keystr(path): leaf.dtype for path, leaf in jax.tree_util.tree_leaves_with_path(params)}
    other = {path: str(dtype) for path, dtype in leaves.items() if dtype != jnp.float32}
    if other:
        return f"parameters are not of float32: {other}"
    return None


def field_names_fault(mixer: BoundMixer) -> Fault:
    """What the entry says of fields of its parameters is said of fields that there are."""
    params = jax.eval_shape(lambda key: mixer.kind.init(mixer.spec, key, WIDTH, LECUN), jax.random.key(0))
    paths = " ".join(jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(params))
    missing = [name for name in (*mixer.kind.float32, *mixer.kind.undecayed) if name not in paths]
    return f"the entry names {', '.join(missing)} as float32 or undecayed, and the parameters have {paths or 'none'}" if missing else None


def repeat_fault(mixer: BoundMixer) -> Fault:
    """The same inputs give the same bits, and a second trace the same program: without a key nothing is random."""
    first, second = mix_once(mixer, Inputs(X, GAPS)), mix_once(mixer, Inputs(X, GAPS))
    if not jax.tree.all(jax.tree.map(lambda a, b: np.array_equal(a, b, equal_nan=True), first, second)):
        return f"twice the same inputs {X.shape} give other outputs"
    params, carry = mixer_parameters(mixer), empty_carry(mixer)
    programs = [jax.make_jaxpr(lambda x, v: mixer.kind.mix(mixer.spec, params, carry, x, v)[:2])(X, GAPS) for _ in range(2)]
    same = str(programs[0]) == str(programs[1]) and all(map(np.array_equal, programs[0].consts, programs[1].consts))
    return None if same else "traced twice it is two programs: a number is drawn while it is traced"


def reference_fault(mixer: BoundMixer, length: int = LENGTH) -> Fault:
    """The outputs are those of the entry's plain loop, over rows with gaps; where it has one."""
    if mixer.kind.reference is None:
        return None
    random = np.random.default_rng(3)
    x, valid = random.normal(size=(BATCH, length, WIDTH)).astype(np.float32), random.random((BATCH, length)) < 0.8
    expected = mixer.kind.reference(mixer.spec, jax.tree.map(np.asarray, mixer_parameters(mixer)), x, valid)
    y = np.asarray(mix_once(mixer, Inputs(x, valid)).y)
    far = np.argwhere(valid & ~np.isclose(y, expected, rtol=1e-4, atol=1e-5).all(axis=-1))
    if not far.size:
        return None
    row, time = far[0]
    return f"row {row} at t = {time} of {length}: {_number(y[row, time])}, and {_number(expected[row, time])} of the plain loop"


def _patterns() -> list[Bool[np.ndarray, "b t"]]:
    return [*map(in_every_row, PATTERNS), GAPS]


def influence_of_inputs(mixer: BoundMixer, time: int) -> Float[np.ndarray, "b t d"]:
    """As in training: the gradient of the output of row 0 at a time by every input."""
    weights = np.zeros_like(X)
    weights[0, time] = np.arange(1, WIDTH + 1)
    return np.asarray(pull_back(mixer, Inputs(X, ALL), weights)[0][1])


def _mixed_rows(mixer: BoundMixer, order: int) -> Float[np.ndarray, "b t d"]:
    """The outputs of rows with gaps that were mixed in the order 1 or -1, in their own order."""
    return np.asarray(mix_once(mixer, Inputs(X[::order], GAPS[::order])).y)[::order]


def _first_far(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "n d"]) -> int | None:
    """The first of two rows of outputs that are not close."""
    far = np.flatnonzero(~(np.abs(a - b) <= CLOSE * max(1.0, float(np.abs(b).max(initial=0.0)))).all(axis=1))
    return int(far[0]) if far.size else None


def _carry_fault(ours: PyTree, theirs: PyTree, where: str) -> Fault:
    for (path, a), b in zip(jax.tree_util.tree_leaves_with_path(ours), jax.tree.leaves(theirs), strict=True):
        difference = float(np.abs(np.asarray(a, float) - np.asarray(b, float)).max(initial=0.0))
        if not difference <= CLOSE * max(1.0, float(np.abs(np.asarray(b, float)).max(initial=0.0))):
            return f"{where}: the carry's {jax.tree_util.keystr(path) or 'numbers'} differ by {difference:.3g} from those of one chunk"
    return None


def _form(tree: PyTree) -> str:
    return str(jax.tree.map(lambda leaf: f"{leaf.dtype}{list(leaf.shape)}", tree))


def _pattern(valid: Bool[np.ndarray, " t"]) -> str:
    """xx.x: which inputs exist."""
    return "".join("x" if exists else "." for exists in valid)


def _number(vector: Float[np.ndarray, " d"] | Array) -> str:
    """The beginning of a vector."""
    return f"({', '.join(f'{value:.4g}' for value in np.asarray(vector)[:2])}, ...)"
