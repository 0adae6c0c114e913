"""What to type for the models that the paper used, which were not run for any page here."""

from __future__ import annotations

LARGER = """\
## On the paper's models

Not run here: each needs a GPU with 80 GB. The matrix files name the models on the hub, the six
methods and their published hyper-parameters with the source of each, and say how the data are
fetched; `--dry-run` lists what there is to do, and a command that was broken off goes on where it
was. On several GPUs `--jobs N`, on a cluster `--engine ray`.

Llama-2-7B on TOFU:

    unpact-tui bench docs/matrices/llama2-7b-tofu.toml --out results/llama2-7b-tofu

Zephyr-7B on WMDP:

    unpact-tui bench docs/matrices/zephyr-7b-wmdp.toml \\
        --path corpora=data/wmdp-corpora --out results/zephyr-7b-wmdp

A MUSE target, Llama-2-7B on News:

    unpact-tui bench docs/matrices/muse-news.toml \\
        --path news=data/muse-news --out results/muse-news

Without a GPU, a pretrained model of 260 thousand parameters:

    unpact-tui bench docs/matrices/stories260k.toml --path family=DIR --out results/stories260k
"""
