# verdict: no_scene
x = 1
