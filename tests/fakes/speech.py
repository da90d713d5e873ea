"""Speech that takes no time. Implements ports.Speech."""


class FakeSpeech:
    def __init__(self) -> None:
        self.spoken: list[str] = []

    async def sound_for(self, text: str, voice: str) -> str:
        self.spoken.append(text)
        return f"spoken/{len(self.spoken)}"
