"""FLOPs of training and of answering: is a small model that thinks longer better than a large one (arXiv 2408.03314, section 7)?
Standard library only. The rules of thumb count the parameters that multiply: 6 N per trained token, 2 N per generated one.
What they leave out matters for models as small as ours, so there is a count by shape too.

>>> round(inference_multiple(14, 0.16)), round(inference_multiple(14, 0.79)), round(inference_multiple(14, 22), 1)
(258, 63, 15.8)
>>> small = Shape(layers=2, hidden=64, query=64, key_value=64, ffn=192, gated=True, vocab=32)
>>> small.parameters()
108544
>>> small.forward(context=0) == generate_flops(small.parameters(), 1)
True
>>> small.forward(context=100) - small.forward(context=0)
51200
>>> big = Shape(layers=4, hidden=256, query=256, key_value=256, ffn=768, gated=True, vocab=32)
>>> matched_tokens(small, big, trained=0, answers=10, tokens=50, context=0) == 50 * big.parameters() / small.parameters()
True
>>> matched_tokens(small, big, 1000, 10, 50, 0) > matched_tokens(small, big, 0, 10, 50, 0)
True
"""
import dataclasses
import json
import pathlib


def train_flops(parameters, tokens):
    """A forward and a backward pass over each token."""
    return 6 * parameters * tokens


def generate_flops(parameters, tokens):
    return 2 * parameters * tokens


def inference_multiple(size_ratio, answered_to_trained):
    """What a model may multiply its inference by when it is compared with one of size_ratio times its parameters that was trained
    on as many tokens: M + 3 (D_pre / D_inf) (M - 1). answered_to_trained: D_inf / D_pre."""
    return size_ratio + 3 / answered_to_trained * (size_ratio - 1)


@dataclasses.dataclass(frozen=True)
class Shape:
    """A transformer's matrices. query and key_value: widths of the projections, heads times their dimension."""
    layers: int
    hidden: int
    query: int
    key_value: int
    ffn: int
    gated: bool
    vocab: int

    @staticmethod
    def of(version_directory):
        """From the config.json beside a version's weights."""
        config = json.loads((pathlib.Path(version_directory) / "config.json").read_text())
        heads = config["num_attention_heads"]
        width = config.get("head_dim") or config["hidden_size"] // heads
        return Shape(config["num_hidden_layers"], config["hidden_size"], heads * width,
                     config.get("num_key_value_heads", heads) * width, config["intermediate_size"],
                     config.get("model_type") != "gpt2", config["vocab_size"])

    def parameters(self):
        """Those that multiply once per token: no embedding lookup, no norms and biases; the output matrix is one, tied or not."""
        attention = self.hidden * (2 * self.query + 2 * self.key_value)
        ffn = self.hidden * self.ffn * (3 if self.gated else 2)
        return self.layers * (attention + ffn) + self.hidden * self.vocab

    def forward(self, context):
        """Of one token that attends to `context` positions: scores and sums are 4 FLOPs per position and query width."""
        return generate_flops(self.parameters(), 1) + 4 * self.layers * self.query * context

    def train(self, tokens, context):
        return 3 * tokens * self.forward(context)


def matched_tokens(small, big, trained, answers, tokens, context):
    """Tokens that the small model may spend on an answer so that its training and `answers` answers cost what they cost the big
    one, trained on as many tokens, that spends `tokens`. context: mean positions attended to."""
    total = big.train(trained, context) + answers * tokens * big.forward(context)
    return (total - small.train(trained, context)) / answers / small.forward(context)
