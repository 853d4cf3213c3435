"""Trains the digits classifier in flax and writes the example's files next to this script.

    pip install flax scikit-learn
    python train.py

scikit-learn's digits: 1,797 grey images of 8x8 pixels, 0..16, here divided by 16. A fifth of them, drawn with a fixed
seed and in equal shares per digit, is kept for testing and never trained on.

Writes digits.msgpack (flax.serialization.to_bytes of the variables), test-images.npy (uint8 [n,8,8,1], 0..16),
test-labels.npy (uint8 [n]), test-logits.npy (float32 [n,10], flax's own outputs for test-images / 16) and accuracy.json.
"""

import json
import pathlib

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import serialization
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = pathlib.Path(__file__).parent
SEED = 0
EPOCHS = 120
BATCH = 64

jax.config.update("jax_default_matmul_precision", "highest")


class DigitsNet(nn.Module):
    """All-convolutional; model.ts says the same in TypeScript."""

    @nn.compact
    def __call__(self, x):  # [n, 8, 8, 1]
        x = nn.relu(nn.Conv(16, (3, 3))(x))  # [n, 8, 8, 16]
        x = nn.relu(nn.Conv(16, (3, 3), strides=(2, 2))(x))  # [n, 4, 4, 16]
        x = nn.relu(nn.Conv(16, (3, 3), strides=(2, 2))(x))  # [n, 2, 2, 16]
        x = nn.Conv(10, (2, 2), padding="VALID")(x)  # [n, 1, 1, 10]
        return x.reshape((x.shape[0], 10))


def augment(key, images):
    """Each image moved by up to one pixel each way, zeros coming in."""
    shifts = jax.random.randint(key, (images.shape[0], 2), 0, 3)
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return jax.vmap(lambda image, at: jax.lax.dynamic_slice(image, (at[0], at[1], 0), (8, 8, 1)))(padded, shifts)


def main():
    digits = load_digits()
    images = digits.images.astype(np.uint8)[..., None]
    labels = digits.target.astype(np.uint8)
    train_x, test_x, train_y, test_y = train_test_split(
        images, labels, test_size=0.2, random_state=SEED, stratify=labels
    )
    train_x, train_y = jnp.asarray(train_x, jnp.float32) / 16, jnp.asarray(train_y, jnp.int32)

    model = DigitsNet()
    variables = model.init(jax.random.key(SEED), train_x[:1])
    steps_per_epoch = len(train_x) // BATCH
    optimiser = optax.adam(optax.cosine_decay_schedule(5e-3, EPOCHS * steps_per_epoch))
    state = optimiser.init(variables)

    @jax.jit
    def epoch(variables, state, key):
        def step(carry, inputs):
            variables, state = carry
            batch, key = inputs
            x = augment(key, train_x[batch])

            def loss(variables):
                logits = model.apply(variables, x)
                return optax.softmax_cross_entropy_with_integer_labels(logits, train_y[batch]).mean()

            value, gradient = jax.value_and_grad(loss)(variables)
            update, state = optimiser.update(gradient, state, variables)
            return (optax.apply_updates(variables, update), state), value

        shuffle, shift = jax.random.split(key)
        order = jax.random.permutation(shuffle, len(train_x))[: steps_per_epoch * BATCH]
        batches = order.reshape(steps_per_epoch, BATCH)
        (variables, state), losses = jax.lax.scan(
            step, (variables, state), (batches, jax.random.split(shift, steps_per_epoch))
        )
        return variables, state, losses.mean()

    for number in range(EPOCHS):
        variables, state, loss = epoch(variables, state, jax.random.fold_in(jax.random.key(SEED + 1), number))
        if number % 20 == 19:
            print(f"epoch {number + 1}: loss {loss:.4f}")

    def accuracy(logits, expected):
        return float((logits.argmax(-1) == expected).mean())

    logits = np.asarray(model.apply(variables, jnp.asarray(test_x, jnp.float32) / 16), np.float32)
    summary = {
        "dataset": "scikit-learn digits (UCI Optical Recognition of Handwritten Digits), 8x8, pixels / 16",
        "model": "DigitsNet: 4 convolutions, see model.ts",
        "parameters": sum(leaf.size for leaf in jax.tree_util.tree_leaves(variables)),
        "trainImages": len(train_x),
        "testImages": len(test_x),
        "trainAccuracy": round(accuracy(model.apply(variables, train_x), train_y), 4),
        "testAccuracy": round(accuracy(logits, test_y), 4),
        "testCorrect": int((logits.argmax(-1) == test_y).sum()),
        "flax": flax.__version__,
        "jax": jax.__version__,
    }
    (HERE / "digits.msgpack").write_bytes(serialization.to_bytes(variables))
    np.save(HERE / "test-images.npy", test_x)
    np.save(HERE / "test-labels.npy", test_y)
    np.save(HERE / "test-logits.npy", logits)
    (HERE / "accuracy.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
