"""torch and one model: the training loop, checkpoints, several GPUs; then evaluation, prediction and the saved model.

It imports data and core, and knows nothing of Ray, Optuna or MLflow: a trial tells each epoch to one function. Begin
with `loop`, which trains a model in one sitting, then `trial`, which does that with checkpoints and reports.
"""
