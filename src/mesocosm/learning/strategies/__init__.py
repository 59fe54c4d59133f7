"""Ways of training beyond one fit: adaptation, AutoML, continual, federated and active learning."""
