"""The models of a case in torch, each with its loss, written for speed on a CPU."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from research.bench.sizes import LSTMSizes, TransformerSizes


class TorchBlock(nn.Module):
    """Attention by torch's fused kernel, then the feed-forward network."""

    def __init__(self, sizes: TransformerSizes) -> None:
        super().__init__()
        self.heads = sizes.heads
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(sizes.width), nn.LayerNorm(sizes.width)
        self.project = nn.Linear(sizes.width, 3 * sizes.width, bias=False)
        self.out = nn.Linear(sizes.width, sizes.width, bias=False)
        self.up = nn.Linear(sizes.width, 4 * sizes.width)
        self.down = nn.Linear(4 * sizes.width, sizes.width)

    def forward(self, x: Tensor) -> Tensor:
        """[b t d] -> [b t d]."""
        b, t, d = x.shape
        q, k, v = (part.view(b, t, self.heads, -1).transpose(1, 2) for part in self.project(self.attention_norm(x)).split(d, dim=2))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(b, t, d))
        return x + self.down(functional.gelu(self.up(self.feed_forward_norm(x)), approximate="tanh"))


class TransformerModel(nn.Module):
    """The mean cross-entropy of a window's tokens."""

    def __init__(self, sizes: TransformerSizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(sizes.vocabulary, sizes.width)
        self.position = nn.Parameter(torch.zeros(sizes.length, sizes.width))
        self.blocks = nn.ModuleList(TorchBlock(sizes) for _ in range(sizes.layers))
        self.norm = nn.LayerNorm(sizes.width)
        self.output_bias = nn.Parameter(torch.zeros(sizes.vocabulary))
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def logits(self, inputs: Tensor) -> Tensor:
        """[b t] -> [b t v]."""
        x = self.embedding(inputs) + self.position[: inputs.shape[1]]
        for block in self.blocks:
            x = block(x)
        return functional.linear(self.norm(x), self.embedding.weight, self.output_bias)

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """In nats a token."""
        logits = self.logits(inputs)
        return functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))


LSTMStates = tuple[Tensor, Tensor]


class RecurrentModel(nn.Module):
    """The cross-entropy of a chunk, summed over time, averaged over rows; and the state after it. Time comes first."""

    def __init__(self, sizes: LSTMSizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(sizes.vocabulary, sizes.width)
        between = sizes.dropout if sizes.layers > 1 else 0.0
        self.lstm = nn.LSTM(sizes.width, sizes.width, sizes.layers, dropout=between)
        self.dropout = nn.Dropout(sizes.dropout)
        self.output = nn.Linear(sizes.width, sizes.vocabulary)
        for name, parameter in self.named_parameters():
            nn.init.uniform_(parameter, -0.1, 0.1)
            if name.startswith("lstm.bias_hh"):  # a second bias does nothing that the first does not
                nn.init.zeros_(parameter).requires_grad_(False)

    def forward(self, inputs: Tensor, targets: Tensor, state: LSTMStates | None) -> tuple[Tensor, LSTMStates]:
        """[t b], [t b], the state -> nats, the state."""
        hidden, state = self.lstm(self.dropout(self.embedding(inputs)), state)
        logits = self.output(self.dropout(hidden))
        loss = functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1), reduction="sum")
        return loss / inputs.shape[1], state
