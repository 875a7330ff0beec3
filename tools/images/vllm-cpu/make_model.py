"""A tiny Llama that knows one answer by heart, made on the spot: no model hub is asked.

    python3 make_model.py FOLDER

It learns one text as its answer to a few questions, in seconds and from a fixed seed. So a greedy answer is
a sentence that one can read, and every token of it is far ahead of the others: a cut of the model that adds
in another order gives the same answer, and one that multiplies wrongly does not.
"""

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

ANSWER = "A tiny Llama of four layers is here. It was made on the spot and knows this answer by heart."
QUESTIONS = ["Who is there?", "Hello!", "Who are you?", "What is the capital of France?", "Tell me a story."]

SEED = 0
STEPS = 200
PADDING = -100  # a label that the loss leaves out
CHAT = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


def make_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([ANSWER, *QUESTIONS], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    fast.chat_template = CHAT
    return fast


def make_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Heads, layers and widths that can be cut in two and in four."""
    config = LlamaConfig(
        # Rounded up, so that the vocabulary can be cut too.
        vocab_size=384,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=False,
    )
    torch.manual_seed(SEED)
    return LlamaForCausalLM(config)


def prompt(question: str) -> str:
    return f"{question}\n"


def teach(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> float:
    """Returns the last loss."""
    questions = [tokenizer.encode(prompt(question)) for question in QUESTIONS]
    answer = [*tokenizer.encode(ANSWER), tokenizer.eos_token_id]
    length = max(len(question) for question in questions) + len(answer)
    tokens = torch.zeros(len(questions), length, dtype=torch.long)
    labels = torch.full_like(tokens, PADDING)
    for row, question in enumerate(questions):
        end = len(question) + len(answer)
        tokens[row, :end] = torch.tensor(question + answer)
        labels[row, len(question) : end] = torch.tensor(answer)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    loss = torch.tensor(0.0)
    for _ in range(STEPS):
        loss = model(input_ids=tokens, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


def greedy_answer(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, question: str) -> str:
    asked = torch.tensor([tokenizer.encode(prompt(question))])
    answered = model.generate(
        asked, attention_mask=torch.ones_like(asked), do_sample=False, max_new_tokens=100, pad_token_id=0
    )
    return str(tokenizer.decode(answered[0, asked.shape[1] :], skip_special_tokens=True))


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: make_model.py FOLDER")
    folder = Path(sys.argv[1])
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    loss = teach(model, tokenizer)
    model.to(torch.bfloat16).eval()
    for question in QUESTIONS:
        answer = greedy_answer(model, tokenizer, question)
        if answer != ANSWER:
            raise SystemExit(
                f"the model has not learned its answer (loss {loss:.3f}): {question!r} -> {answer!r}"
            )
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    print(f"{folder}: {sum(p.numel() for p in model.parameters())} parameters, loss {loss:.4f}")


if __name__ == "__main__":
    main()
