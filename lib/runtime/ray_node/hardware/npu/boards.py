"""The kinds of Ascend boards; which checks fit follows from them."""

A2 = "a2"
A3 = "a3"
DUO = "300i-duo"
