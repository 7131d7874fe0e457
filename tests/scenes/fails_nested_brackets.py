# verdict: scene_error
# generated: "(" * 100_000 + ")" * 100_000
