"""Networks of PyTorch and transformers with random weights, small or as they are published."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import transformers
from torch import Tensor, nn

Built = tuple[nn.Module, tuple[Tensor, ...]]

SMALL_GPT2 = {"n_layer": 2, "n_head": 3, "n_embd": 48, "vocab_size": 100, "n_positions": 64}


class Logits(nn.Module):
    """A network of transformers, [N, 3, H, W] → its logits."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        logits: Tensor = self.network(picture).logits
        return logits


class Cached(nn.Module):
    """A step of GPT-2 with its key-value cache as one tensor.

    tokens int64 [N, S], mask int64 [N, past + S], cache [layers, 2, N, heads, past, size] → logits and the
    cache of past + S.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor, mask: Tensor, cache: Tensor) -> tuple[Tensor, Tensor]:
        past = transformers.DynamicCache()
        for number in range(self.network.config.n_layer):
            past.update(cache[number, 0], cache[number, 1], number)
        found = self.network(input_ids=tokens, attention_mask=mask, past_key_values=past, use_cache=True)
        layers = [torch.stack([layer.keys, layer.values]) for layer in found.past_key_values.layers]
        return found.logits, torch.stack(layers)


class Growing(nn.Module):
    """The same without a mask: nothing is padded, and the sizes of tokens and cache alone vary."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.step = Cached(network)

    def forward(self, tokens: Tensor, cache: Tensor) -> tuple[Tensor, Tensor]:
        mask = torch.ones(tokens.shape[0], cache.shape[4] + tokens.shape[1], dtype=torch.int64)
        found: tuple[Tensor, Tensor] = self.step(tokens, mask, cache)
        return found


class Recurrent(nn.Module):
    """Two bidirectional LSTM layers over [N, S, 8] and a linear one on the last step."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.layers = nn.LSTM(8, size, 2, batch_first=True, bidirectional=True)
        self.last = nn.Linear(2 * size, 4)

    def forward(self, steps: Tensor) -> Tensor:
        found: Tensor = self.last(self.layers(steps)[0][:, -1])
        return found


class Decoder(nn.Module):
    """nn.TransformerDecoder under a causal mask: tokens int64 [N, S] and a memory [N, M, size] → logits."""

    def __init__(self, size: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, size)
        layer = nn.TransformerDecoderLayer(size, 4, 2 * size, batch_first=True)
        self.decoder = nn.TransformerDecoder(layer, layers)
        self.head = nn.Linear(size, 50)

    def forward(self, tokens: Tensor, memory: Tensor) -> Tensor:
        length = tokens.shape[1]
        mask = torch.triu(torch.full((length, length), float("-inf")), 1)
        hidden = self.decoder(self.embedding(tokens), memory, tgt_mask=mask, tgt_is_causal=True)
        logits: Tensor = self.head(hidden)
        return logits


def _vit(small: bool) -> Built:
    few = {
        "hidden_size": 48,
        "num_hidden_layers": 2,
        "intermediate_size": 96,
        "image_size": 32,
        "patch_size": 8,
    }
    tiny = {"hidden_size": 192, "num_hidden_layers": 12, "intermediate_size": 768}
    config = transformers.ViTConfig(num_attention_heads=3, **(few if small else tiny))
    return Logits(transformers.ViTForImageClassification(config)), (_picture(32 if small else 224),)


def _convnext(small: bool) -> Built:
    sizes, depths = ([8, 16, 24, 32], [1, 1, 2, 1]) if small else ([40, 80, 160, 320], [2, 2, 6, 2])
    config = transformers.ConvNextConfig(hidden_sizes=sizes, depths=depths)
    return Logits(transformers.ConvNextForImageClassification(config)), (_picture(64 if small else 224),)


def _segformer(small: bool) -> Built:
    few = {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "decoder_hidden_size": 16}
    config = transformers.SegformerConfig(**(few if small else {}), num_labels=19)
    return Logits(transformers.SegformerForSemanticSegmentation(config)), (_picture(64 if small else 512),)


def _gpt2(small: bool) -> Built:
    config = transformers.GPT2Config(**(SMALL_GPT2 if small else {}))
    size, past = config.n_embd // config.n_head, 8
    cache = torch.randn(config.n_layer, 2, 1, config.n_head, past, size)
    tokens = torch.randint(0, config.vocab_size, (1, 1))
    return Cached(transformers.GPT2LMHeadModel(config)), (
        tokens,
        torch.ones(1, past + 1, dtype=torch.int64),
        cache,
    )


def _lstm(small: bool) -> Built:
    return Recurrent(16 if small else 128), (torch.randn(1, 5 if small else 50, 8),)


def _decoder(small: bool) -> Built:
    size, layers = (32, 2) if small else (256, 6)
    return Decoder(size, layers), (torch.randint(0, 50, (1, 7)), torch.randn(1, 5, size))


def _picture(side: int) -> Tensor:
    return torch.randn(1, 3, side, side)


def _seeded(build: Callable[[bool], Built]) -> Callable[[bool], Built]:
    def built(small: bool) -> Built:
        torch.manual_seed(0)
        return build(small)

    return built


NETWORKS: dict[str, Callable[[bool], Built]] = {
    "vit": _seeded(_vit),
    "convnext": _seeded(_convnext),
    "segformer": _seeded(_segformer),
    "gpt2": _seeded(_gpt2),
    "lstm": _seeded(_lstm),
    "decoder": _seeded(_decoder),
}
