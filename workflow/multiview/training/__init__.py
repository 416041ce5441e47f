"""Training: two loops, full batches in closed form and minibatches with autograd, and their jobs."""
