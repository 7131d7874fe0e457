# verdict: ok
# A bare body that uses self is wrapped in a scene.
dot = Dot()
self.play(dot.animate.shift(RIGHT), run_time=0.2)
