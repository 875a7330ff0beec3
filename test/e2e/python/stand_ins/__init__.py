"""Programs that stand in for the engines in the end-to-end tests.

They take what the published engines take, refuse what those refuse, write down what they saw, and really
start one process on each accelerator; behind that is no model. Standard library, Ray, and what Ray brings.
"""
