"""A network as the textbook writes it: new float64 arrays all the time, parameters in a dict.

It is what `bench_network.py` compares with. The loss is measured after the update, by a second
forward pass over the same batch.
"""

import numpy as np


class Affine:
    """A fully connected layer."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


class Relu:
    """The rectifier, by a mask."""

    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


def softmax(x):
    x = x.T
    x = x - np.max(x, axis=0)
    return (np.exp(x) / np.sum(np.exp(x), axis=0)).T


class Network:
    """Affine and Relu in turns, with weights after He."""

    def __init__(self, sizes, rng):
        self.params = {}
        for k, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False), 1):
            self.params[f"W{k}"] = np.sqrt(2.0 / a) * rng.standard_normal((a, b))
            self.params[f"b{k}"] = np.zeros(b)
        self.layers, self.depth = [], len(sizes) - 1
        for k in range(1, self.depth + 1):
            self.layers.append(Affine(self.params[f"W{k}"], self.params[f"b{k}"]))
            if k < self.depth:
                self.layers.append(Relu())

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        self.p, self.t = softmax(self.predict(x)), t
        penalty = 0.0
        for k in range(1, self.depth + 1):
            penalty += 0.5 * 0.0 * np.sum(self.params[f"W{k}"] ** 2)
        right = self.p[np.arange(len(t)), t]
        return -np.sum(np.log(right + 1e-7)) / len(t) + penalty

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.p.copy()
        dout[np.arange(len(t)), t] -= 1
        dout /= len(t)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        grads = {}
        for k in range(1, self.depth + 1):
            layer = self.layers[2 * k - 2]
            grads[f"W{k}"] = layer.dW + 0.0 * layer.W
            grads[f"b{k}"] = layer.db
        return grads

    def accuracy(self, x, t):
        return np.sum(np.argmax(self.predict(x), axis=1) == t) / float(len(x))


class Adam:
    """Adam over a dict of arrays."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999):
        self.lr, self.beta1, self.beta2 = lr, beta1, beta2
        self.iter, self.m, self.v = 0, None, None

    def update(self, params, grads):
        if self.m is None:
            self.m = {key: np.zeros_like(val) for key, val in params.items()}
            self.v = {key: np.zeros_like(val) for key, val in params.items()}
        self.iter += 1
        lr_t = self.lr * np.sqrt(1.0 - self.beta2**self.iter) / (1.0 - self.beta1**self.iter)
        for key in params:
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= lr_t * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)
