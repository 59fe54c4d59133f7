"""Banking77 as a file of one model and one desk, with the published split."""

FILE = """grammar: 1
ecosystem: banking
sources:
  train: {type: csv, path: train.csv}
  judged: {type: csv, path: test.csv}
datasets:
  mail:
    from: train
    fields: {text: {type: text, missing: quarantine}, category: {type: category, missing: quarantine}}
    split: {test: judged, validation: 0}
models:
  intent: {base: minilm, learns: mail, predict: category, inputs: [text]}
services:
  desk: {serves: intent}
"""
