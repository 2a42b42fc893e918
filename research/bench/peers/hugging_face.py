"""GPT-2 of the transformers library with our weights, generating greedily with its cache of keys and values.

`hugging_face` has a growing cache and runs eagerly; `hugging_face_compiled` has a static one and a forward pass by torch.compile.
"""

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from research.bench import weights
from research.bench.benchmarks import Case
from research.bench.sizes import GenerationSizes
from research.bench.work import Work
from research.machine import available_cores


def prepare(case: Case, side: str) -> Work:
    """A unit is `tokens` tokens of every row."""
    sizes = case.sizes
    assert isinstance(sizes, GenerationSizes)
    torch.set_num_threads(available_cores())
    model, prompt, compiled = build_gpt2(sizes), torch.from_numpy(weights.draw_prompts(sizes)).long(), side == "hugging_face_compiled"
    if compiled:
        model.forward = torch.compile(model.forward, dynamic=False)

    def run(units: int) -> None:
        for _ in range(units):
            generate_by_gpt2(sizes, model, prompt, compiled)

    return Work(run)


@torch.inference_mode()
def generate_by_gpt2(sizes: GenerationSizes, model: GPT2LMHeadModel, prompt: torch.Tensor, static: bool = False) -> np.ndarray:
    """The tokens after the prompts, [rows, tokens]."""
    words = {"cache_implementation": "static"} if static else {}
    limits = {"min_new_tokens": sizes.tokens, "max_new_tokens": sizes.tokens}
    tokens = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, use_cache=True, **limits, **words)
    return tokens[:, sizes.prompt :].numpy()


def build_gpt2(sizes: GenerationSizes) -> GPT2LMHeadModel:
    """Our weights in GPT-2's places; its attention has biases, which are zero."""
    size = sizes.model
    config = GPT2Config(
        vocab_size=size.vocabulary,
        n_positions=sizes.prompt + sizes.tokens,
        n_embd=size.width,
        n_layer=size.layers,
        n_head=size.heads,
        activation_function="gelu_new",
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=0,
    )
    model = GPT2LMHeadModel(config).eval()
    arrays = {name: torch.from_numpy(value) for name, value in weights.random_weights(sizes).items()}
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.zero_()
        for name, parameter in model.named_parameters():
            if "ln_" in name and name.endswith("weight"):
                parameter.fill_(1.0)
        model.transformer.wte.weight.copy_(arrays["embedding"])
        model.transformer.wpe.weight.copy_(arrays["position"])
        for layer, block in enumerate(model.transformer.h):
            places = {"project": block.attn.c_attn, "out": block.attn.c_proj, "up": block.mlp.c_fc, "down": block.mlp.c_proj}
            for name, place in places.items():
                place.weight.copy_(arrays[name][layer])
    return model
