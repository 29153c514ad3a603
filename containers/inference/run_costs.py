"""What a run of the network costs, learnt from the runs themselves."""

_KEPT = 0.9
"""What the runs before count for after each further one: about ten runs are remembered."""
_STRANGEST = 4.0
"""A run counts as at most this many times what was expected: a processor taken away for a moment says little."""


class RunCosts:
    """A run costs something by itself and something for each token, padding included; all in seconds."""

    def __init__(self, seconds_a_run: float, seconds_a_token: float) -> None:
        """What warming up has shown; `seconds_a_token` is above 0 and follows the runs from there on."""
        self._seconds_a_run = seconds_a_run
        self._tokens = 1.0
        self._seconds = seconds_a_token

    @property
    def seconds_a_token(self) -> float:
        """What each further token costs, lately."""
        return self._seconds / self._tokens

    @property
    def padding_worth(self) -> float:
        """Tokens of padding that cost as much as another run: with more of them, a window had better go by itself."""
        return self._seconds_a_run / self.seconds_a_token

    def seconds(self, tokens: float, runs: int = 1) -> float:
        """How long so many tokens take in so many runs."""
        return runs * self._seconds_a_run + tokens * self.seconds_a_token

    def tokens_within(self, seconds: float) -> int:
        """How many tokens one run of that length holds."""
        return max(0, int((seconds - self._seconds_a_run) / self.seconds_a_token))

    def learn(self, tokens: int, seconds: float) -> None:
        """A run over so many tokens, padding included, took so long."""
        expected = tokens * self.seconds_a_token
        beyond_itself = min(max(seconds - self._seconds_a_run, expected / _STRANGEST), expected * _STRANGEST)
        self._tokens = self._tokens * _KEPT + tokens
        self._seconds = self._seconds * _KEPT + beyond_itself
