"""One training step of each model in torch: batch, forward, backward, clip, update."""

from collections.abc import Callable

import torch
from torch import nn

from research.bench.peers.torch_models import RecurrentModel, TransformerModel
from research.bench.sizes import LSTMSizes, TransformerSizes
from research.bench.synthetic_text import uniform_tokens


def stepper(sizes: TransformerSizes | LSTMSizes, seed: int, compiled: bool = False) -> Callable[[], None]:
    """A model of its own, and the function that takes it one step on."""
    torch.manual_seed(seed)
    text = torch.from_numpy(uniform_tokens(sizes.vocabulary)).long()
    if isinstance(sizes, TransformerSizes):
        return transformer_stepper(sizes, TransformerModel(sizes), text, seed, compiled)
    return recurrent_stepper(sizes, RecurrentModel(sizes), text)


def transformer_stepper(
    sizes: TransformerSizes, model: TransformerModel, text: torch.Tensor, seed: int, compiled: bool = False
) -> Callable[[], None]:
    """A window at a random place for each row; weight decay of the matrices alone, in one fused update."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": sizes.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=sizes.learning_rate, fused=True)
    loss_of = torch.compile(model) if compiled else model
    places, window = torch.Generator().manual_seed(seed), torch.arange(sizes.length)

    def step() -> None:
        start = torch.randint(len(text) - sizes.length, (sizes.batch, 1), generator=places)
        index = start + window
        optimiser.zero_grad(set_to_none=True)
        loss_of(text[index], text[index + 1]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), sizes.clip, foreach=True)
        optimiser.step()

    return step


def recurrent_stepper(sizes: LSTMSizes, model: RecurrentModel, text: torch.Tensor) -> Callable[[], None]:
    """The next chunk of each column of the text; the state goes on, its gradient stops."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(trained, lr=sizes.learning_rate, foreach=True)
    rows = (len(text) - 1) // sizes.batch
    columns = text[: rows * sizes.batch].view(sizes.batch, rows).t().contiguous()
    zeros = torch.zeros(sizes.layers, sizes.batch, sizes.width)
    state, position = (zeros, zeros), 0

    def step() -> None:
        nonlocal state, position
        if position + sizes.length >= rows:
            state, position = (zeros, zeros), 0
        optimiser.zero_grad(set_to_none=True)
        loss, new_state = model(columns[position : position + sizes.length], columns[position + 1 : position + 1 + sizes.length], state)
        loss.backward()
        nn.utils.clip_grad_norm_(trained, sizes.clip, foreach=True)
        optimiser.step()
        state, position = (new_state[0].detach(), new_state[1].detach()), position + sizes.length

    return step
