# verdict: ok
# A bare construct method is wrapped in a scene.
def construct(self):
    self.play(FadeIn(Circle()), run_time=0.2)
